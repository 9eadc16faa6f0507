-- Which roles does the database know, and what may each do at most?
--
-- Run once by a superuser, connected to the empty database of refugeecm (PostgreSQL 16 or newer):
--     createdb refugeecm && psql -d refugeecm -f roles.sql
-- then give the two that sign in a password: ALTER ROLE owner PASSWORD '...'; ALTER ROLE app PASSWORD '...';
-- It may be run again at any time. Tables, policies and grants on them are made by the migrations, as owner.

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['owner', 'app', 'search'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I', name);
    END IF;
  END LOOP;
END $$;

-- owner: migrations only. app: everything that runs; bound by row-level security, no DDL.
-- search: owns the search functions, which look past row-level security and filter by themselves; nobody signs in as it.
ALTER ROLE owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION;
ALTER ROLE app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
ALTER ROLE search NOLOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;

-- SET lets owner hand a function over to search; without INHERIT, owner itself stays bound by row-level security.
GRANT search TO owner WITH INHERIT FALSE, SET TRUE, ADMIN FALSE;

-- No request may hold a lock or a snapshot for longer than its reader would wait.
ALTER ROLE app SET statement_timeout = '60s';
ALTER ROLE app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE app SET lock_timeout = '10s';

-- pg_trgm is a trusted extension: owner of the database is enough for the migration that creates it.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I OWNER TO owner', current_database());
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO app', current_database());
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO owner;
GRANT USAGE ON SCHEMA public TO app, search;
