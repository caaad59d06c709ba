"""What must agree between the two distributions, the npm package and the files that are checked in."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

from nbrewind.model import PROTOCOL

ROOT = Path(__file__).parents[2]
PACKAGE = json.loads((ROOT / "package.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def project_files():
    """All text files that belong to the project, with their contents."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git working copy")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return {path.relative_to(ROOT): path.read_text("utf-8", errors="ignore") for path in paths if path.is_file()}


def test_one_version():
    assert version("nbrewind") == version("jupyterlab-nbrewind") == PACKAGE["version"]


def test_version_modules():
    from nbrewind._version import __version__ as core
    from nbrewind_server._version import __version__ as server

    assert core == server == PACKAGE["version"]


def test_changelog_has_the_version_or_is_unreleased():
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] in ("Unreleased", PACKAGE["version"])


def test_server_requires_the_same_core():
    [core] = [one for one in requires("jupyterlab-nbrewind") if re.match(r"nbrewind\b", one)]
    assert core.endswith(f"=={PACKAGE['version']}")


def test_front_end_speaks_the_protocol():
    tokens = (ROOT / "src" / "tokens.ts").read_text("utf-8")
    oldest, newest = map(int, re.search(r"PROTOCOLS: .* = \[(\d+), (\d+)\]", tokens).groups())
    assert oldest <= PROTOCOL <= newest


@pytest.mark.parametrize("mode", ["audit", "repeat"])
def test_kernelspec(mode):
    """The stock kernel with our extension; Jupyter puts its own Python in place of the word `python`."""
    folder = ROOT / "core" / "kernelspecs" / f"nbrewind-{mode}"
    spec = KernelSpec.from_resource_dir(str(folder))
    assert spec.display_name == f"Python 3 ({mode})"
    assert spec.env == {"NBREWIND_MODE": mode}
    manager = KernelManager(kernel_name=f"nbrewind-{mode}")
    manager._kernel_spec = spec
    command = manager.format_kernel_cmd()
    assert Path(command[0]).is_absolute()
    assert command[1:4] == ["-m", "ipykernel_launcher", "--ext=nbrewind"]


def test_the_layout_of_make_lab_names_the_panel():
    layout = json.loads((ROOT / "scripts" / "lab-workspace.json").read_text("utf-8"))["data"]["layout-restorer:data"]
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "sidebar").glob("*.ts*"))
    assert f"'{layout['left']['current']}'" in sources


def test_lock_file_holds_no_address(project_files):
    assert "://" not in project_files[Path("yarn.lock")]


def test_no_absolute_path_of_this_machine(project_files):
    for place in {str(ROOT), str(Path.home())} - {"/"}:
        found = [str(path) for path, text in project_files.items() if place in text]
        # A home folder as short as /root may be meant as an example.
        assert not found or len(place) < 6, f"{place} in {found}"


def test_files_stay_small(project_files):
    """House rule: around 400 lines; what grows beyond wants to be two files."""
    code = {".py", ".ts", ".tsx", ".css", ".js", ".mjs", ".sh"}
    long = {
        str(path): lines
        for path, text in project_files.items()
        if path.suffix in code
        and "tests" not in path.parts
        and path != Path("src/api/schema.ts")
        and (lines := text.count("\n")) > 450
    }
    assert not long
