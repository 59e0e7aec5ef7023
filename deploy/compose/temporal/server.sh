#!/bin/sh
# Starts Temporal with the password of its databases read from the mounted file.
set -eu

POSTGRES_PWD=$(cat /run/secrets/temporal_db_password)
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
