#!/usr/bin/env bash
# A real TaskVine for the tests: builds a wheel of it in .setup/taskvine, once, and installs that into environments.
#
#   scripts/taskvine.sh PYTHON...     the Python of each environment; a wheel that is there is used again
#
# Users install `ndcctools` with conda; no package index has a wheel. The released source comes from the system's package
# manager (Debian, Ubuntu), or is the tarball that NBREWIND_TASKVINE_SOURCE names. Exit status 77: it can't be had here;
# the last line says why.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

VERSION=7.15.9
SHA256=b9a2ee0be80354d124ee3f9835926d94c4d995c43b7d426ea7b91ba06e010f87
# With fewer, something that another one needs is missing.
PARTS="dttools batch_job taskvine work_queue poncho resource_monitor"
PROGRAMS="vine_worker vine_factory vine_status poncho_package_run"
PLACE=$STAMPS/taskvine
TARBALL=$PLACE/cctools_$VERSION.orig.tar.xz

left_out() {
  echo "TaskVine: $*"
  exit 77
}

# tags PYTHON: the wheel's tags. From 3.11 on one wheel serves all: it uses the stable ABI only.
tags() {
  "$1" -c 'import platform, sys
version = sys.version_info[:2]
own = "cp%d%d-cp%d%d" % (version * 2)
print("%s-linux_%s" % ("cp311-abi3" if version >= (3, 11) else own, platform.machine()))'
}

find_source() {
  local given=${NBREWIND_TASKVINE_SOURCE:-} helper=/usr/lib/apt/apt-helper base part
  if [ -n "$given" ]; then
    [ -f "$given" ] || left_out "NBREWIND_TASKVINE_SOURCE is $given, which is no file"
    TARBALL=$given
    return
  fi
  [ ! -s "$TARBALL" ] || return 0
  [ -x "$helper" ] || left_out "there is no apt to get its source; NBREWIND_TASKVINE_SOURCE may name the tarball of cctools $VERSION"
  for base in $(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sort -u); do
    for part in main universe; do
      "$helper" -q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 download-file \
        "${base%/}/pool/$part/c/cctools/${TARBALL##*/}" "$TARBALL" "SHA256:$SHA256" >>"$PLACE/fetch.log" 2>&1 && return 0
      rm -f "$TARBALL"
    done
  done
  left_out "its source can't be fetched (.setup/taskvine/fetch.log); NBREWIND_TASKVINE_SOURCE may name the tarball of cctools $VERSION"
}

# compile PYTHON TAGS WORK: everything from the unpacked source in WORK to WORK/out.
compile() {
  local python=$1 work=$3 include limited=
  include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  [ -f "$include/Python.h" ] || left_out "the headers of $python are missing (Python.h)"
  [[ $2 != *abi3* ]] || limited=-DPy_LIMITED_API=0x030B0000
  local packages=(); local name
  for name in perl readline fuse ext2fs mysql cvmfs; do packages+=("--with-$name-path" no); done
  cd "$work"
  # The files are small and many: what -O2 would gain at run time, it takes thrice to compile.
  CFLAGS=-O1 ./configure --prefix "$work/out" --with-python3-path "$("$python" -c 'import sys; print(sys._base_executable)')" \
    --with-swig-path "$work/tools/bin/swig" "${packages[@]}" || return 1
  local options=(CCTOOLS_PACKAGES="$PARTS" CCTOOLS_SWIG_WORKQUEUE_BINDINGS=
    CCTOOLS_PYTHON3_CCFLAGS="-DNDEBUG -I$include $limited" CCTOOLS_PYTHON3_LDFLAGS=)
  make -j"$(nproc)" "${options[@]}" && make "${options[@]}" install
}

# pack TAGS WORK: a wheel of WORK/out in .setup/taskvine.
pack() {
  local tree=$2/wheel name
  local info=$tree/ndcctools-$VERSION.dist-info scripts=$tree/ndcctools-$VERSION.data/scripts
  mkdir -p "$info" "$scripts"
  cp -r "$2"/out/lib/python3*/site-packages/ndcctools "$tree/"
  for name in $PROGRAMS; do cp "$2/out/bin/$name" "$scripts/"; done
  find "$tree" -name '*.so' -exec strip {} +
  strip "$scripts"/vine_*
  cp "$2/COPYING" "$info/"
  printf '%s\n' 'Metadata-Version: 2.1' 'Name: ndcctools' "Version: $VERSION" 'License: GPL-2.0-only' \
    'Requires-Dist: cloudpickle' 'Requires-Dist: conda-pack' 'Requires-Dist: packaging' 'Requires-Dist: threadpoolctl' >"$info/METADATA"
  printf '%s\n' 'Wheel-Version: 1.0' 'Generator: nbrewind' 'Root-Is-Purelib: false' "Tag: $1" >"$info/WHEEL"
  "$2/tools/bin/python" -m wheel pack --dest-dir "$2/done" "$tree"
  mv "$2"/done/*.whl "$PLACE/"
}

build() {
  local python=$1 tags=$2 name
  for name in gcc g++ make strip tar xz uv; do
    command -v "$name" >/dev/null || left_out "there is no $name to build it with"
  done
  echo 'int main(void) { return 0; }' | gcc -xc - -lz -o "$PLACE/probe" 2>/dev/null || left_out "the headers of zlib are missing"
  find_source
  WORK=$(mktemp -d "$PLACE/build.XXXXXX")
  trap 'rm -rf "$WORK"' EXIT
  {
    tar xf "$TARBALL" -C "$WORK" --strip-components=1 &&
      uv venv --quiet --python "$python" "$WORK/tools" &&
      uv pip install --quiet --python "$WORK/tools/bin/python" swig wheel &&
      mkdir "$WORK/done" "$WORK/out" &&
      (compile "$python" "$tags" "$WORK") && pack "$tags" "$WORK"
  } >"$PLACE/build.log" 2>&1 || {
    tail -n 3 "$PLACE/build.log"
    left_out "it could not be built (.setup/taskvine/build.log)"
  }
  rm -rf "$WORK"
}

mkdir -p "$PLACE"
[ "$(uname -s)" = Linux ] || left_out "it is only built on Linux; conda has it (ndcctools)"
for python in "$@"; do
  tags=$(tags "$python")
  wheel=$PLACE/ndcctools-$VERSION-$tags.whl
  [ -f "$wheel" ] || build "$python" "$tags"
  uv pip install --quiet --python "$python" --reinstall-package ndcctools "$wheel" ||
    left_out "what it needs could not be installed"
done
