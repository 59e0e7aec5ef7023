#!/bin/sh
# Makes sure that there is a PostgreSQL with its contrib modules, which Temporal's schema wants and the tests' wheel has not:
# on PATH, else Debian's package where we may install it. No cluster of Debian's own is made or started.
set -eu

command -v postgres >/dev/null && exit 0
for binary in /usr/lib/postgresql/*/bin/postgres; do
    [ -x "$binary" ] && exit 0
done

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "setup: no PostgreSQL on PATH or under /usr/lib/postgresql; install one with its contrib modules" >&2
    exit 1
fi
echo "setup: installing Debian's postgresql for the cluster test" >&2
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] ||
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
apt-get update -qq >&2
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >&2
