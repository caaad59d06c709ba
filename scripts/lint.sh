#!/usr/bin/env bash
# Runs all linters, and fails if any does. Changes nothing; `jlpm lint` and `ruff format` repair what they can.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

FAILED=()
check() {
  printf '\n== %s\n' "$*"
  "$@" || FAILED+=("$*")
}

check ruff check --no-cache --quiet --output-format concise .
check ruff format --check --quiet --output-format concise .
check mypy
check lint-imports --no-logo
check jlpm lint:prettier --check --log-level warn
check jlpm lint:eslint
check jlpm lint:style
check jlpm lint:types
check jlpm lint:api

printf '\n== summary\n'
if [ ${#FAILED[@]} -gt 0 ]; then
  printf 'FAILED: %s\n' "${FAILED[@]}"
  exit 1
fi
say "all clean"
