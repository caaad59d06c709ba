#!/usr/bin/env bash
# Builds the documentation into build/docs, or the folder given. Every warning is an error: links inside that lead nowhere,
# pages that nothing leads to. Needs no network.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

SITE=${1:-build/docs}
# All pages are read each time: a warning must not vanish because its page did not change.
rm -rf "$SITE"
"$PYTHON" -m sphinx -b html -E -W --keep-going -q docs "$SITE"
say "The documentation is in $SITE: open $SITE/index.html"
