#!/bin/sh
# Makes sure that the browser tests find Chromium: on PATH, else Debian's package where we may install it, else
# Playwright's own download. Run from the root of the checkout, after `uv sync`.
set -eu

for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: installing Debian's chromium for the browser tests" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2
else
    .venv/bin/playwright install chromium >&2
fi
