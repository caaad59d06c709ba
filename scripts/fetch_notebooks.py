"""Fetch notebooks that others wrote, from source distributions of the package index. None of them is kept here.

    python scripts/fetch_notebooks.py FOLDER [PACKAGE==VERSION...]

Each notebook gets a folder of its own, ``FOLDER/PACKAGE/NAME``, with the small files that lie beside it; of modules,
those that it imports. What is there already is not fetched again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin

PACKAGES = (
    "statsmodels==0.15.0", "seaborn==0.13.2", "nbconvert==7.17.2", "nbclient==0.11.0", "papermill==2.7.0",
    "control==0.10.2", "emcee==3.1.6", "nbval==0.11.0",
)  # fmt: skip
BESIDE = 2_000_000
"""Bytes of the largest file that is taken along."""
IMPORT = re.compile(rb"\b(?:import|from) +(\w+)")
_JSON = "application/vnd.pypi.simple.v1+json"


def index_url() -> str:
    """Return the address of the package index that pip is set to."""
    if found := os.environ.get("PIP_INDEX_URL"):
        return found
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    if told.returncode == 0 and told.stdout.strip():
        return told.stdout.strip()
    from pip._internal.models.index import PyPI

    return str(PyPI.simple_url)


def archive(name: str, version: str) -> bytes:
    """Return the source distribution of a package, checked against the digest that the index gives for it."""
    page = f"{index_url().rstrip('/')}/{name}/"
    with urllib.request.urlopen(urllib.request.Request(page, headers={"Accept": _JSON}), timeout=60) as answer:
        files = json.load(answer)["files"]
    found = next((file for file in files if file["filename"] == f"{name}-{version}.tar.gz"), None)
    if found is None:
        raise SystemExit(f"the package index has no {name}-{version}.tar.gz")
    with urllib.request.urlopen(urljoin(page, found["url"]), timeout=300) as answer:
        data: bytes = answer.read()
    expected = found["hashes"].get("sha256", "")
    if expected and hashlib.sha256(data).hexdigest() != expected:
        raise SystemExit(f"{name}-{version}.tar.gz is not what the package index says it is: try again")
    return data


def unpack(data: bytes, folder: Path) -> int:
    """Write the notebooks of an archive into folders of their own, equal ones once; return how many there are."""
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        files = [member for member in packed.getmembers() if member.isfile() and ".." not in member.name]

        def content(member: tarfile.TarInfo) -> bytes:
            found = packed.extractfile(member)
            assert found is not None
            return found.read()

        notebooks = {content(file): PurePosixPath(file.name) for file in files if file.name.endswith(".ipynb")}
        for number, (text, path) in enumerate(notebooks.items()):
            own = folder / f"{number:03d}-{path.stem}".replace(" ", "_")
            own.mkdir(parents=True)
            (own / path.name).write_bytes(text)
            modules = {name.decode() for name in IMPORT.findall(text)}
            for member in files:
                beside = PurePosixPath(member.name)
                wanted = beside.suffix != ".ipynb" and (beside.suffix != ".py" or beside.stem in modules)
                if beside.parent == path.parent and wanted and member.size <= BESIDE:
                    (own / beside.name).write_bytes(content(member))
    return len(notebooks)


def main() -> None:
    """Fetch what is not there."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    for package in sys.argv[2:] or PACKAGES:
        name, _, version = package.partition("==")
        own = folder / name
        if not own.exists():
            count = unpack(archive(name, version), own)
            print(f"{package}: {count} notebooks")


if __name__ == "__main__":
    main()
