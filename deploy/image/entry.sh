#!/bin/sh
# The image's commands. Each replaces this shell, so that it is process 1 and gets the signals itself.
set -eu

case ${1:-} in
worker)
    shift
    exec python worker.py "$@"
    ;;
web)
    shift
    exec python -m edition_migration "$@"
    ;;
starter)
    shift
    exec python starter.py "$@"
    ;;
--help)
    echo "usage: edition-migration worker [--queue migration|mail] | web | starter VERB ..."
    ;;
*)
    echo "edition-migration: say worker, web or starter, not '${1:-}'" >&2
    exit 2
    ;;
esac
