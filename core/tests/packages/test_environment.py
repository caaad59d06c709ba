"""The software that runs have used goes along, and is built anew from the package alone; the notebook repeats in it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import ipykernel
import nbformat
import pytest
from cli_tools import Place, texts, write
from environment_tools import call
from package_tools import files

from nbrewind.packages.form import PackageError, Software
from nbrewind.packages.software import requirement
from nbrewind.packages.wheels import find, make_wheel, own_wheel
from nbrewind.state.software import Origin

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CELLS = (
    ("imports", "import sys\nimport dateutil.relativedelta as later"),
    ("numbers", "N = 6"),
    ("function", "def f(x):\n    return x * N"),
    ("use", "r = [f(i) for i in range(3)]\nprint(r)"),
    ("library", "print(later.relativedelta(months=14))"),
)
PRELUDE = {"imports", "function"}


@pytest.fixture(scope="module")
def made(jupyter: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An audited notebook, and its package with wheels."""
    place = Place(tmp_path_factory.mktemp("made"))
    write(place.folder / "a.ipynb", CELLS)
    for arguments in (("audit", "a.ipynb", "-o", "done.ipynb"), ("export", "a.ipynb", "-o", "a.zip", "--wheels")):
        answer = place(*arguments)
        assert answer.code == 0, answer
    return place


def ran(done: subprocess.CompletedProcess[str]) -> set[str]:
    assert done.returncode == 0, done.stderr
    return {step["cell"] for step in json.loads(done.stdout)["steps"] if step["action"] == "run"}


def repeat_in_an_environment(folder: Path, package: bytes, wanted: list[str], **variables: str) -> None:
    (folder / "a.zip").write_bytes(package)
    repeat = ("repeat", "a.zip", "--env", "create", "-o", "done.ipynb", "--json", "--policy", "packages=exact")
    refused = call(folder, *repeat, **variables)
    assert refused.returncode == 2 and "not trusted" in refused.stderr and not (folder / "a").exists()
    assert call(folder, "trust", "a.zip").returncode == 0
    done = call(folder, *repeat, **variables)
    assert ran(done) == PRELUDE, done.stdout
    assert texts(nbformat.read(folder / "done.ipynb", 4)) == wanted
    stamp = (folder / "a-environment" / "nbrewind-environment.json").stat().st_mtime_ns
    content = nbformat.read(folder / "a" / "a.ipynb", 4)
    next(cell for cell in content.cells if cell.id == "use").source += "\nprint(sys.prefix, later.__file__)"
    nbformat.write(content, folder / "a" / "a.ipynb")
    again = call(folder, *repeat, **variables)
    assert ran(again) == PRELUDE | {"use"}
    assert (folder / "a-environment" / "nbrewind-environment.json").stat().st_mtime_ns == stamp, "it is used again"
    shown = "".join(texts(nbformat.read(folder / "done.ipynb", 4)))
    assert shown.count(str(folder / "a-environment")) == 2, shown


@pytest.mark.timeout(300)
def test_it_repeats_in_an_environment_made_of_the_package_alone(made: Place, tmp_path: Path) -> None:
    repeat_in_an_environment(tmp_path, (made.folder / "a.zip").read_bytes(), texts(made.read("done.ipynb")))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_without_uv_by_venv_and_pip(made: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    package = (made.folder / "a.zip").read_bytes()
    if subprocess.run([sys.executable, "-m", "ensurepip", "--version"], check=False).returncode:
        pytest.skip("this Python has no ensurepip")
    repeat_in_an_environment(tmp_path, package, texts(made.read("done.ipynb")))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_is_run_again_in_a_clean_environment(made: Place, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes((made.folder / "a.zip").read_bytes())
    done = call(tmp_path, "verify", "a.zip", "--repeat", "--env", "create", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["differences"] == []
    left = {path.name for path in tmp_path.iterdir()}
    assert "a.zip" in left and left <= {"a.zip", "cache", "jupyter"}, (
        "of installers and of Jupyter, and of nothing else"
    )


def test_what_is_in_it(made: Place) -> None:
    found = files(made.folder / "a.zip")
    manifest = json.loads(found["nbrewind/manifest.json"])
    software = {one["name"]: one for one in manifest["software"]}
    dateutil = software["python-dateutil"]
    assert dateutil["cells"] == ["imports", "library"] and dateutil["modules"] == ["dateutil"]
    assert software["ipykernel"]["cells"] == [] and "traitlets" in software["ipykernel"]["requires"]
    assert "nbrewind" not in software, "who repeats has it"
    assert manifest["implementation"] == "CPython"
    if sys.platform == "linux":
        assert any("libc.so" in one["name"] for one in manifest["libraries"])
    for one in software.values():
        if one["origin"]["kind"] == "index":
            assert one["wheel"] in found
    lock = tomllib.loads(found["software/pylock.toml"].decode())
    pylock = pytest.importorskip("packaging.pylock")
    pylock.Pylock.from_dict(lock).validate()
    locked = next(one for one in lock["packages"] if one["name"] == "python-dateutil")
    assert "software/" + locked["wheels"][0]["path"] in found


def test_a_round_trip_keeps_what_is_not_here_any_more(made: Place, tmp_path: Path) -> None:
    sent = Place(tmp_path / "sent", made.store)
    sent.folder.mkdir()
    there = Place(tmp_path)
    assert made("export", "a.ipynb", "-o", str(tmp_path / "b.zip")).code == 0
    assert there("import", "b.zip", "copy").code == 0
    assert there("export", "copy/a.ipynb", "-o", "c.zip").code == 0
    assert (tmp_path / "b.zip").read_bytes() == (tmp_path / "c.zip").read_bytes()
    answer = there("export", "copy/a.ipynb", "-o", "d.zip", "--wheels", "--json")
    left = [one for one in answer.json["left_out"] if one["kind"] == "software"]
    assert left and all("not known where" in one["reason"] for one in left)


def test_a_wheel_is_what_was_installed(tmp_path: Path) -> None:
    paths = [path for path in sys.path if path]
    version = importlib.metadata.version("ipykernel")
    wheel = make_wheel(find(paths, "ipykernel", version), tmp_path)
    assert wheel.name == f"ipykernel-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        assert archive.read("ipykernel/__init__.py") == Path(ipykernel.__file__).read_bytes()
    assert not any(name.endswith((".pyc", "INSTALLER", "direct_url.json")) for name in names)
    first = wheel.read_bytes()
    assert make_wheel(find(paths, "ipykernel", version), tmp_path).read_bytes() == first
    with pytest.raises(PackageError, match="not installed any more in this version"):
        find(paths, "ipykernel", "0.0.1")


def test_what_was_changed_after_it_was_installed_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("changed = True\n")
    info = tmp_path / "one-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: one\nVersion: 1.0\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nTag: py3-none-any\n")
    (info / "RECORD").write_text("one.py,sha256=AAAA,3\none-1.0.dist-info/METADATA,,\none-1.0.dist-info/WHEEL,,\n")
    with pytest.raises(PackageError, match=r"one\.py was changed"):
        make_wheel(find([str(tmp_path)], "one", "1.0"), tmp_path)


def test_this_very_program_goes_in_as_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(own_wheel(tmp_path)) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    assert "nbrewind/cli/app.py" in names and "Requires-Dist: blake3" in metadata


def test_how_an_installer_is_asked() -> None:
    def asked(**origin: str) -> str:
        return requirement(Software(name="one", version="1.0", origin=Origin(**origin)))

    assert asked(kind="index") == asked(kind="unknown") == asked(kind="conda") == "one==1.0"
    assert asked(kind="vcs", url="git+https://h/a", commit="ab") == "one @ git+https://h/a@ab"
    assert asked(kind="archive", url="https://h/a.zip", digest="sha256:ab") == "one @ https://h/a.zip#sha256=ab"
    assert asked(kind="directory") == asked(kind="file") == ""


def test_an_environment_is_never_built_over_something_else(made: Place) -> None:
    answer = made("environment", "a.zip", ".")
    assert answer.code == 2 and "something else is in there" in answer.line()
