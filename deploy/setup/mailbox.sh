#!/bin/sh
# Makes sure that the demo's mailbox is installed, in an environment of its own in the user's cache, and prints its command.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
python=$root/.venv/bin/python
requirements=$root/deploy/mailbox/requirements.txt
PATH=$PATH:$root/.tools/bin

# Another list of packages or another Python makes another environment.
key=$({ cat "$requirements"; "$python" -VV; } | cksum | cut -d ' ' -f 1)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/edition-migration
target=$cache/mailbox-$key

if [ ! -d "$target" ]; then
    "$root/deploy/setup/uv.sh"
    echo "setup: installing the demo's mailbox into $target" >&2
    mkdir -p "$cache"
    unfinished=$(mktemp -d "$cache/mailbox.XXXXXX")
    trap 'rm -rf "$unfinished"' EXIT
    uv venv --quiet --clear --relocatable --python "$python" "$unfinished"
    uv pip install --quiet --require-hashes --python "$unfinished/bin/python" --requirements "$requirements"
    # The move is all or nothing, and harmless where another run was faster.
    "$python" -c 'import os, sys; os.path.isdir(sys.argv[2]) or os.rename(*sys.argv[1:])' "$unfinished" "$target"
fi

echo "$target/bin/maildump"
