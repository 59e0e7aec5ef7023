#!/bin/sh
# Makes the files of secrets that compose.yaml mounts; what is there already stays. usage: make-secrets.sh [FOLDER]
set -eu
umask 077

folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"

random() { head -c "$1" /dev/urandom | base64 | tr -d '\n'; }
keep() { # NAME VALUE: containers run as other users, so the file is for all and the folder for its owner only
    [ -e "$folder/$1" ] && return
    printf '%s\n' "$2" >"$folder/$1"
    chmod 0444 "$folder/$1"
}
password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

keep postgres_password "$(password)"
keep temporal_db_password "$(password)"
keep edition_migration_db_password "$(password)"
keep EDITION_MIGRATION_DATABASE_URL \
    "postgresql+asyncpg://edition_migration:$(cat "$folder/edition_migration_db_password")@postgres/edition_migration"
keep EDITION_MIGRATION_LINK_KEYS "k1:$(random 32)"
keep EDITION_MIGRATION_WEBHOOK_SECRETS "whsec_$(random 32)"
keep EDITION_MIGRATION_PAGE_SECRET "$(random 32)"
