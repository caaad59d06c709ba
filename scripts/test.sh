#!/usr/bin/env bash
# Runs test suites one after the other, and says at the end how each came out.
#
#   scripts/test.sh [--all] [SUITE...]     SUITE: jest server core py311 ui wheels (default: all of them)
#
# --all: also what is marked slow, and everything on the second Python, not only its subset.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

ALL=
if [ "${1:-}" = --all ]; then
  ALL=1
  export TEST_SEARCH=1 # new random examples each time
  shift
fi
SUITES=("$@")
[ ${#SUITES[@]} -gt 0 ] || SUITES=(jest server core py311 ui wheels)
WORKERS=${TEST_WORKERS:-2}

# Exit status of a suite that can't run here, as in automake.
LEFT_OUT=77

run_jest() { jlpm jest; }

run_server() { "$PYTHON" -m pytest -q -n "$WORKERS" --dist loadfile jupyter_server_ext/tests tests/project; }

# A test that fills the memory fails alone, and doesn't take the machine with it. In KiB of address space.
limit_memory() { ulimit -v $((12 * 1024 * 1024)) 2>/dev/null || true; }

run_core() {
  local marks=(-m "not slow")
  [ -z "$ALL" ] || marks=()
  (limit_memory && cd core && "$PYTHON" -m pytest -q -n "$WORKERS" --dist loadgroup ${marks[@]+"${marks[@]}"})
}

run_py311() {
  local marks=(-m "py311 and not slow")
  [ -z "$ALL" ] || marks=()
  if [ ! -x "$OLD_PYTHON" ]; then
    say "There is no second Python: install Python 3.11, then run scripts/setup.sh."
    return $LEFT_OUT
  fi
  (limit_memory && cd core && PATH="$ROOT/.venv-py311/bin:$PATH" "$OLD_PYTHON" -m pytest -q -n "$WORKERS" --dist loadgroup ${marks[@]+"${marks[@]}"})
}

run_ui() {
  local browser
  if ! browser=$(find_browser); then
    say "There is no Chromium: install chromium-headless-shell or chromium, or set CHROMIUM_PATH."
    return $LEFT_OUT
  fi
  [ -z "$ALL" ] || export LOOKS=all
  CHROMIUM_PATH=$browser jlpm playwright test --config ui-tests/playwright.config.js
}

run_wheels() {
  local marks=(-m "not slow")
  [ -z "$ALL" ] || marks=()
  if ! command -v git >/dev/null; then
    say "There is no git, which says what belongs to the project."
    return $LEFT_OUT
  fi
  "$PYTHON" -m pytest -q tests/wheels ${marks[@]+"${marks[@]}"}
}

SUMMARY=()
FAILED=0
for suite in "${SUITES[@]}"; do
  declare -F "run_$suite" >/dev/null || die "there is no suite $suite"
  printf '\n== %s\n' "$suite"
  start=$SECONDS
  "run_$suite"
  status=$?
  case $status in
    0) word=passed ;;
    "$LEFT_OUT") word="left out" ;;
    *)
      word=FAILED
      FAILED=1
      ;;
  esac
  SUMMARY+=("$(printf '%-8s %-8s %4d s' "$suite" "$word" $((SECONDS - start)))")
done

printf '\n== summary\n'
printf '%s\n' "${SUMMARY[@]}"
exit $FAILED
