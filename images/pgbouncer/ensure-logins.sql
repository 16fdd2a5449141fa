-- Run by ensure-logins as the owner of the database, with the app's password twice on standard input.
\getenv login DB_USER
\getenv database DB_NAME

BEGIN;
-- Two at once take turns: concurrent grants on one object fail with "tuple concurrently updated".
SET LOCAL lock_timeout = '60s';
SELECT pg_advisory_xact_lock(hashtext('slipway ensure-logins')) AS locked \gset

SET LOCAL password_encryption = 'scram-sha-256';
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') AS missing \gset
\if :missing
CREATE ROLE :"login" LOGIN;
\password :"login"
\endif

GRANT CONNECT ON DATABASE :"database" TO :"login";
GRANT USAGE ON SCHEMA public TO :"login";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"login";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :"login";
-- What migrations create later, which they do as this same owner.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"login";
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO :"login";
COMMIT;

\if :missing
\echo ensure-logins: created :"login" and granted what the app needs.
\else
\echo ensure-logins: :"login" exists; granted what the app needs and left its password alone.
\endif
