-- A line for each thing that a migration can make, outside of PostgreSQL's own schemas.
WITH ours AS (
    SELECT oid AS nsp, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT format('schema %I owner %s grants %s', n.nspname, pg_get_userbyid(n.nspowner), n.nspacl)
FROM pg_namespace n JOIN ours ON nsp = n.oid
UNION ALL
SELECT format('relation %I.%I kind %s owner %s grants %s', nspname, relname, relkind,
    pg_get_userbyid(relowner), relacl)
FROM pg_class JOIN ours ON nsp = relnamespace
UNION ALL
SELECT format('column %I.%I.%I %s not null %s identity %s default %s', nspname, relname,
    attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
    pg_get_expr(adbin, adrelid))
FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN ours ON nsp = relnamespace
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT format('constraint %s of %s: %s', conname, conrelid::regclass, pg_get_constraintdef(c.oid))
FROM pg_constraint c JOIN ours ON nsp = connamespace
UNION ALL
SELECT pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN ours ON nsp = relnamespace
UNION ALL
SELECT format('view %s: %s', c.oid::regclass, pg_get_viewdef(c.oid))
FROM pg_class c JOIN ours ON nsp = relnamespace WHERE relkind IN ('v', 'm')
UNION ALL
SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN ours ON nsp = pronamespace
WHERE prokind IN ('f', 'p')
UNION ALL
SELECT pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN ours ON nsp = relnamespace
WHERE NOT tgisinternal
UNION ALL
SELECT format('policy %I on %I.%I %s %s to %s using %s check %s', policyname, schemaname,
    tablename, permissive, cmd, roles, qual, with_check)
FROM pg_policies
