#!/bin/sh
# Makes sure that `uv` can be run: found on PATH, else installed from PyPI into .tools/ of this checkout.
set -eu

command -v uv >/dev/null && exit 0

root=$(cd "$(dirname "$0")/../.." && pwd)
python=${PYTHON3:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "setup: Python 3.11 or newer is needed, as python3 or named by PYTHON3" >&2
    exit 1
fi
echo "setup: no uv on PATH; installing uv from PyPI into .tools/" >&2
if ! "$python" -m venv "$root/.tools"; then
    echo "setup: python3 cannot make environments; install its venv module (Debian: python3-venv) or uv itself" >&2
    exit 1
fi
"$root/.tools/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --requirement "$root/deploy/image/uv.txt"
