# Sourced by the other scripts: where things are. Changes into the project's root.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
STAMPS=$ROOT/.setup
PYTHON=$ROOT/.venv/bin/python
OLD_PYTHON=$ROOT/.venv-py311/bin/python

# The environment's commands first: jupyter, jlpm, and Node where the system has none; then our own uv, if there is one.
SYSTEM_PATH=$PATH
export PATH="$ROOT/.venv/bin:$STAMPS/bin:$PATH"
# Compiling once here saves it in each of the many processes that the tests start.
export UV_COMPILE_BYTECODE=1
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1
export PIP_DISABLE_PIP_VERSION_CHECK=1
# An activated environment of the caller must not leak into ours.
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$*"; }
warn() { printf 'set-up: %s\n' "$*" >&2; }
die() {
  warn "$*"
  exit 1
}

# The first browser that the user-level tests can use.
find_browser() {
  local name
  if [ -n "${CHROMIUM_PATH:-}" ]; then
    [ -x "$CHROMIUM_PATH" ] && echo "$CHROMIUM_PATH" && return 0
    warn "CHROMIUM_PATH is $CHROMIUM_PATH, which is no program"
  fi
  for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    command -v "$name" 2>/dev/null && return 0
  done
  return 1
}
