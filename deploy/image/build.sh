#!/bin/sh
# Builds the image without a container service: Debian's buildah over a base made by debootstrap. Needs root on Debian.
# usage: deploy/image/build.sh [TAG]; run from the root of the checkout
set -eu

tag=${1:-localhost/edition-migration:check}
base=localhost/edition-migration-base:bookworm

if ! command -v buildah >/dev/null || ! command -v debootstrap >/dev/null; then
    echo "image: installing Debian's buildah and debootstrap" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah crun debootstrap >&2
fi

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    echo "image: making the base, once a machine (about three minutes)" >&2
    folder=$(mktemp -d /var/tmp/edition-migration-base.XXXXXX)
    trap 'rm -rf "$folder"' EXIT
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$folder/root" >&2
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$folder/root" / >/dev/null
    buildah commit --quiet "$container" "$base" >/dev/null
    buildah rm "$container" >/dev/null
fi

# The machine's own authorities are seen by the build alone; no layer holds them.
buildah bud --quiet --isolation chroot --network host --layers --volume /etc/ssl/certs:/etc/ssl/certs:ro \
    --build-arg BASE="$base" --file deploy/image/Dockerfile --tag "$tag" .
