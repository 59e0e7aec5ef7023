#!/bin/sh
# Run once by PostgreSQL's image on an empty data folder: one role and its databases for Temporal, one for us.
set -eu

secrets=${SECRETS:-/run/secrets}

psql --set ON_ERROR_STOP=1 --quiet --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set temporal="$(cat "$secrets/temporal_db_password")" \
    --set ours="$(cat "$secrets/edition_migration_db_password")" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'temporal';
CREATE ROLE edition_migration LOGIN PASSWORD :'ours';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE edition_migration OWNER edition_migration;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility, edition_migration FROM PUBLIC;
SQL
