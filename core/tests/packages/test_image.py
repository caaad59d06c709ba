"""A package may say how an image of its software is built, which repeats the notebook by default."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from cli_tools import Place, texts, write
from package_tools import CELLS, files

from nbrewind.packages.form import Library, Software
from nbrewind.packages.image import APPTAINER, CONTAINERFILE, INSTALL, LISTED, REPEAT, image_files
from nbrewind.packages.software import Used
from nbrewind.state.software import Origin

BUILDERS = ("podman", "docker", "buildah")


@pytest.fixture(scope="module")
def made(jupyter: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An unpacked package that has its wheels and the files of images."""
    place = Place(tmp_path_factory.mktemp("image"))
    write(place.folder / "My notes.ipynb", CELLS[:4])
    assert place("audit", "My notes.ipynb", "-o", "done.ipynb").code == 0
    answer = place("export", "My notes.ipynb", "-o", "package", "--wheels", "--container")
    assert answer.code == 0 and "None was built here" in answer.out, answer
    return place


def test_the_files_are_in_the_package_and_sealed(made: Place) -> None:
    assert made("verify", "package").code == 0
    folder = made.folder / "package"
    text = (folder / CONTAINERFILE).read_text()
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"ARG BASE=python:{version}-slim\n" in text and "vine_worker" not in text
    assert text.endswith('CMD ["sh", "/package/compute/repeat.sh"]\n')
    assert f"From: python:{version}-slim\n" in (folder / APPTAINER).read_text()
    listed = (folder / LISTED).read_text().splitlines()
    assert listed[0].startswith("./compute/nbrewind-") and all((folder / line).is_file() for line in listed), listed
    copied = {line.split()[0] for line in (folder / APPTAINER).read_text().splitlines() if " /package/" in line}
    assert {one.name for one in folder.iterdir()} <= copied
    for script in (INSTALL, REPEAT):
        assert subprocess.run(["sh", "-n", str(folder / script)], check=False).returncode == 0


def test_the_same_records_give_the_same_files(made: Place, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        assert made("export", "My notes.ipynb", "-o", str(tmp_path / name), "--container").code == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    listed = files(tmp_path / "a.zip")[LISTED].decode().splitlines()
    assert any(line.startswith("ipykernel==") for line in listed), "what has no wheel comes from the index"


def test_workers_and_conda_and_repositories(tmp_path: Path) -> None:
    vine = Software(name="ndcctools", version="7.15", origin=Origin(kind="conda"))
    git = Software(name="one", version="1.0", origin=Origin(kind="vcs", url="git+https://h/one", commit="ab"))
    used = Used(software=(vine, git), libraries=(Library(name="libgomp.so.1", package="libgomp1 12.2"),))
    found = image_files(used, "3.12.1", "a.ipynb", True, tmp_path)
    text = found[CONTAINERFILE].decode()
    assert "mambaorg/micromamba" in text and 'CMD ["vine_worker"' in text and "libgomp1" in text
    assert text.index("AS worker") < text.index("AS notebook"), "the last one is built by default"
    assert b"micromamba install --yes --name base --file software/conda-explicit.txt" in found[INSTALL]
    assert b"ndcctools" not in found[LISTED] and b"one @ git+https://h/one@ab\n" in found[LISTED]
    assert b"%apprun worker" in found[APPTAINER]
    plain = image_files(used, "3.12.1", "a.ipynb", False, tmp_path)
    assert b'ARG SYSTEM="git"' in plain[CONTAINERFILE] and b"ndcctools==7.15\n" in plain[LISTED]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_an_image_runs_works_without_one(made: Place, tmp_path: Path) -> None:
    """The two scripts, as they are in the package, with a new environment for an image."""
    if subprocess.run([sys.executable, "-m", "ensurepip", "--version"], check=False).returncode:
        pytest.skip("this Python has no ensurepip")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "image")], check=True)
    package = shutil.copytree(made.folder / "package", tmp_path / "package")
    (tmp_path / "work").mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in ("NBREWIND_STORE", "VIRTUAL_ENV")}
    own = {"PATH": f"{tmp_path / 'image' / 'bin'}:{os.defpath}", "PIP_NO_INDEX": "1", "HOME": str(tmp_path)}
    own["JUPYTER_DATA_DIR"] = str(tmp_path / "jupyter")
    for script in (INSTALL, REPEAT):
        done = subprocess.run(
            ["sh", str(package / script)],
            cwd=tmp_path / "work",
            env={**kept, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert "2 cells ran (2 of the prelude)" in done.stdout, done.stdout
    shown = nbformat.read(tmp_path / "work" / "my-notes-repeated.ipynb", as_version=4)
    assert texts(shown) == texts(made.read("done.ipynb"))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_is_built_where_there_is_a_builder(made: Place, tmp_path: Path) -> None:
    builder = next((one for one in BUILDERS if _works(one)), None)
    if builder is None:
        pytest.skip(f"no image was built: none of {', '.join(BUILDERS)} works here")
    base = f"python:{'.'.join(map(str, sys.version_info[:3]))}-slim"
    if subprocess.run([builder, "pull", base], check=False).returncode:
        pytest.skip(f"no image was built: {builder} can't get {base} here")
    package = str(made.folder / "package")
    build = [builder, "build", "-f", f"{package}/{CONTAINERFILE}", "-t", "nbrewind-test", package]
    subprocess.run(build, check=True)
    if builder == "buildah":
        return
    (tmp_path / "work").mkdir()
    subprocess.run([builder, "run", "--rm", "-v", f"{tmp_path}/work:/work", "nbrewind-test"], check=True)
    shown = nbformat.read(tmp_path / "work" / "my-notes-repeated.ipynb", as_version=4)
    assert texts(shown) == texts(made.read("done.ipynb"))


def _works(builder: str) -> bool:
    if shutil.which(builder) is None:
        return False
    return subprocess.run([builder, "info"], capture_output=True, check=False).returncode == 0
