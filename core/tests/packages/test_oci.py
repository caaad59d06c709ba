"""A client of registries that knows nothing of packages reads the image layout in one, and checks its digests."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cli_tools import Place

from nbrewind.packages.form import BLOBS, INDEX

pytestmark = pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")


def copied(package: Path, target: str) -> subprocess.CompletedProcess[str]:
    command = ["skopeo", "copy", "--quiet", "--insecure-policy", f"oci:{package}", target]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_copies_all_parts(sent: Place, tmp_path: Path) -> None:
    package = sent.folder / "folder"
    done = copied(package, f"oci:{tmp_path / 'copy'}")
    assert done.returncode == 0, done.stderr
    for path in (package / BLOBS).iterdir():
        assert (tmp_path / "copy" / BLOBS / path.name).read_bytes() == path.read_bytes()
    done = subprocess.run(["skopeo", "inspect", "--raw", f"oci:{package}"], capture_output=True, check=True)
    named = json.loads((package / INDEX).read_bytes())["manifests"][0]["digest"].removeprefix("sha256:")
    assert done.stdout == (package / BLOBS / named).read_bytes()


def test_it_finds_a_part_that_was_changed(sent: Place, tmp_path: Path) -> None:
    package = tmp_path / "package"
    shutil.copytree(sent.folder / "folder", package)
    largest = max((package / BLOBS).iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1] + b"x")
    assert copied(package, f"dir:{tmp_path / 'copy'}").returncode != 0
