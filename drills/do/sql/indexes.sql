-- What amcheck can look at: every valid B-tree.
SELECT c.oid
FROM pg_index
JOIN pg_class c ON c.oid = indexrelid
JOIN pg_namespace n ON n.oid = relnamespace
JOIN pg_am m ON m.oid = relam
WHERE amname = 'btree' AND relpersistence = 'p' AND indisvalid
    AND nspname !~ '^pg_' AND nspname <> 'information_schema'
