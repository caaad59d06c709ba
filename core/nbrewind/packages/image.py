"""Files by which others build an image of the recorded software, which repeats the notebook by default.

They lie in the package, in ``compute/``: the unpacked package is all that a build needs, beside a base with Python and
the distributions whose wheels are not in it. Both kinds of images run the same two scripts, which work without.
"""

from __future__ import annotations

import re
from pathlib import Path

from nbrewind.packages import form
from nbrewind.packages.software import EXPLICIT, Used, requirement
from nbrewind.packages.wheels import own_wheel

CONTAINERFILE = form.COMPUTE + "Containerfile"
APPTAINER = form.COMPUTE + "apptainer.def"
INSTALL = form.COMPUTE + "install.sh"
REPEAT = form.COMPUTE + "repeat.sh"
LISTED = form.COMPUTE + "requirements.txt"
PLACE = "/package"
"""Where the package lies in an image."""
TASKVINE = "ndcctools"
CONDA = "mambaorg/micromamba:2"
_TOP = ("blobs", "compute", "data", form.INDEX, "nbrewind", form.LAYOUT, form.CRATE, "software", "workflow")
"""What lies in a package's root."""

_INSTALL = """\
#!/bin/sh
# Installs the recorded software, and the nbrewind that wrote this package, into the Python that is first on the path.
set -eu
cd "$(dirname "$0")/.."
{conda}exec python -m pip install --no-cache-dir --requirement {listed}
"""

_REPEAT = """\
#!/bin/sh
# Repeats the notebook in the folder where it is called; arguments go to `nbrewind repeat` (--data DIR, -p NAME VALUE).
# It trusts the package: what is loaded from its records may run code.
set -eu
package=$(cd "$(dirname "$0")/.." && pwd)
export NBREWIND_STORE="${{NBREWIND_STORE:-$PWD/.nbrewind}}" JUPYTER_PREFER_ENV_PATH=1
nbrewind trust "$package" >&2
exec nbrewind repeat "$package" --into {name} --kernel python3 -o {name}-repeated.ipynb "$@"
"""

_CONTAINERFILE = """\
# Builds the software with which {notebook} was recorded, and repeats it in there. In the unpacked package:
#
#   podman build -f {file} -t {name} .
#   podman run --rm -v "$PWD/../results:/work" {name}
#
# That leaves {name}-repeated.ipynb and the folder {name} in ../results, which has to be there. Edit the notebook in
# that folder, and run it again: only what the edit touches runs. To build it is to trust the package.
{libraries}ARG BASE={base}
FROM ${{BASE}} AS environment
{before}COPY . {place}
RUN sh {place}/{install}
WORKDIR /work
{worker}
FROM environment AS notebook
CMD ["sh", "{place}/{repeat}"]
"""

_WORKER = """
# A worker with the same software, for managers that wait for some:
#   podman build --target worker -f {file} -t {name}-worker .
#   podman run --rm {name}-worker vine_worker HOST PORT
FROM environment AS worker
CMD ["vine_worker", "--timeout=900", "manager", "9123"]
"""

_SYSTEM = """\
# Packages of the system that the base lacks: --build-arg SYSTEM="NAME NAME"
ARG SYSTEM="{packages}"
RUN if [ -n "$SYSTEM" ]; then apt-get update && apt-get install -y --no-install-recommends $SYSTEM; fi
"""

_CONDA_BASE = """\
USER root
ENV PATH="/opt/conda/bin:$PATH"
"""

_APPTAINER = """\
# Builds the software with which {notebook} was recorded, and repeats it in there. In the unpacked package:
#
#   apptainer build ../{name}.sif {file}
#   cd ../results && apptainer run ../{name}.sif
#
# To build it is to trust the package.
{libraries}Bootstrap: docker
From: {base}

%files
{files}
%post
    {before}sh {place}/{install}

{environment}%runscript
    exec sh {place}/{repeat} "$@"
{worker}"""

_APP = """
%apprun worker
    exec vine_worker "$@"
"""


def image_files(
    used: Used,
    python: str,
    notebook: str,
    explicit: bool,
    folder: Path,
) -> dict[str, bytes]:
    """Return the files, by their names in the package.

    Args:
        used: the software of the runs.
        python: its version.
        notebook: the name of its file.
        explicit: whether the package has conda's own list, by which conda installs first what it had installed.
        folder: where this program's wheel is written.
    """
    found = [one for one in used.software if one.pinned and not (explicit and one.origin.kind == "conda")]
    asked = [line for one in found if (line := one.wheel or requirement(one))]
    own = own_wheel(folder)
    lines = [form.COMPUTE + own.name, *asked, *([] if any(one.name == "ipykernel" for one in found) else ["ipykernel"])]
    git = any(" @ git+" in line for line in asked)
    name = re.sub(r"[^a-z0-9]+", "-", Path(notebook).stem.lower()).strip("-") or "notebook"
    here = sorted({one.package.partition(" ")[0] for one in used.libraries if one.package})
    values = {
        "name": name,
        "notebook": notebook if notebook.isprintable() else name,
        "place": PLACE,
        "install": INSTALL,
        "repeat": REPEAT,
        "base": CONDA if explicit else f"python:{python}-slim",
        "environment": "%environment\n    export PATH=/opt/conda/bin:$PATH\n\n" if explicit else "",
        "libraries": _told(here),
    }
    with_workers = any(one.name == TASKVINE for one in used.software)
    before = _CONDA_BASE if explicit else _SYSTEM.format(packages="git" if git else "")
    worker = _WORKER.format(**values, file=CONTAINERFILE) if with_workers else ""
    conda = f"micromamba install --yes --name base --file {EXPLICIT}\n" if explicit else ""
    files = "".join(f"    {one} {PLACE}/{one}\n" for one in _TOP)
    post = "export PATH=/opt/conda/bin:$PATH\n    " if explicit else ""
    post += "apt-get update && apt-get install -y --no-install-recommends git\n    " if git and not explicit else ""
    return {
        LISTED: "".join(f"{'./' if '/' in line and ' @ ' not in line else ''}{line}\n" for line in lines).encode(),
        form.COMPUTE + own.name: own.read_bytes(),
        INSTALL: _INSTALL.format(listed=LISTED, conda=conda).encode(),
        REPEAT: _REPEAT.format(**values).encode(),
        CONTAINERFILE: _CONTAINERFILE.format(**values, file=CONTAINERFILE, before=before, worker=worker).encode(),
        APPTAINER: _APPTAINER.format(
            **values, file=APPTAINER, before=post, files=files, worker=_APP if with_workers else ""
        ).encode(),
    }


def _told(packages: list[str]) -> str:
    """Return what is said of libraries of the system: a base may have them, under whatever name."""
    if not packages:
        return ""
    lines, line = [], "# Packages of the system whose libraries the runs had loaded:"
    for one in packages:
        if len(line) + len(one) > 118:
            lines.append(line)
            line = "#  "
        line += " " + one
    return "\n".join([*lines, line, ""])
