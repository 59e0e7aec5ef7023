#!/bin/sh
# Brings Temporal's two databases to the schema of this version, by its own tool. A repeat changes nothing.
set -eu

SQL_PASSWORD=$(cat /run/secrets/temporal_db_password)
export SQL_PASSWORD
versions=/etc/temporal/schema/postgresql/v12

update() { # DATABASE FOLDER
    # Refused where it was done before; update-schema then decides whether all is well.
    temporal-sql-tool --db "$1" setup-schema -v 0.0 || echo "schema: $1 has been begun before"
    temporal-sql-tool --db "$1" update-schema -d "$versions/$2/versioned"
}

update temporal temporal
update temporal_visibility visibility
