-- Each rising sequence that belongs to a column: its name, the table, the column, its last value.
SELECT d.objid::regclass::text, d.refobjid::regclass::text, attname,
    pg_sequence_last_value(d.objid)
FROM pg_depend d
JOIN pg_class c ON c.oid = d.objid AND relkind = 'S'
JOIN pg_namespace n ON n.oid = relnamespace
JOIN pg_sequence ON seqrelid = c.oid
JOIN pg_attribute ON attrelid = d.refobjid AND attnum = d.refobjsubid
WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') AND seqincrement > 0
    AND nspname !~ '^pg_' AND nspname <> 'information_schema'
