#!/usr/bin/env bash
# Opens JupyterLab on the example, with the panel shown; arguments go to `jupyter lab`. The layout is one of this working
# copy's own, so that yours elsewhere stays as it is; `make clean` forgets it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

export JUPYTERLAB_WORKSPACES_DIR=$ROOT/build/lab-workspaces
[ -d "$JUPYTERLAB_WORKSPACES_DIR" ] || jupyter lab workspaces import scripts/lab-workspace.json >/dev/null
exec jupyter lab --notebook-dir=examples --LabApp.default_url=/lab/tree/flights.ipynb "$@"
