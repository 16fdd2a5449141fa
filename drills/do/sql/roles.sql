-- A line for each role: what it may, and which roles it is a member of.
SELECT format('%s login=%s super=%s createrole=%s createdb=%s replication=%s member of %s',
    r.rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication,
    (SELECT array_agg(b.rolname ORDER BY b.rolname) FROM pg_auth_members m
        JOIN pg_roles b ON b.oid = m.roleid WHERE m.member = r.oid))
FROM pg_roles r
