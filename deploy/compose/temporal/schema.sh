#!/bin/sh
# Brings Temporal's two databases to the schema of this version, by its own tool. A repeat changes nothing.
set -eu

SQL_PASSWORD=$(cat "${SECRETS:-/run/secrets}/temporal_db_password")
export SQL_PASSWORD

update() { # DATABASE SCHEMA
    temporal-sql-tool --db "$1" setup-schema -v 0.0
    temporal-sql-tool --db "$1" update-schema --schema-name "postgresql/v12/$2"
}

update temporal temporal
update temporal_visibility visibility
