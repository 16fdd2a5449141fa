-- Each table that a restore brings back, with the columns of its primary key. An unlogged one is
-- empty after a restore, as it is after a crash.
SELECT nspname, relname,
    (SELECT array_agg(attname ORDER BY array_position(indkey::int2[], attnum))
        FROM pg_index
        JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
        WHERE indrelid = c.oid AND indisprimary)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND relpersistence = 'p'
    AND nspname !~ '^pg_' AND nspname <> 'information_schema'
ORDER BY 1, 2
