"""What a process has loaded is told from metadata on disk: distributions, what they need, where they came from."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import Distribution, version
from pathlib import Path

import pytest

from nbrewind.state.software import Origin, environment, normalised, note, noted, origin_of, without_credentials
from nbrewind.store import Store


def installed(folder: Path, name: str, **files: str) -> Distribution:
    place = folder / f"{name}-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    for file, text in files.items():
        (place / file.replace("_json", ".json")).write_text(text)
    return Distribution.at(place)


def test_what_is_loaded_and_what_that_needs() -> None:
    found = environment({"IPython", "json", "no_such_module"})
    by_name = {one.name: one for one in found.distributions}
    assert by_name["ipython"].version == version("ipython") and by_name["ipython"].modules == ("IPython",)
    assert any(line.startswith("traitlets") for line in by_name["ipython"].asks) and not by_name["traitlets"].modules
    assert "pytest" not in by_name, "what only an extra asks for, nobody has asked for"
    assert found.python == ".".join(map(str, sys.version_info[:3])) and found.prefix == sys.prefix


def test_a_module_of_a_source_tree_belongs_to_what_is_installed_from_it() -> None:
    code = "import nbrewind; from nbrewind.state.software import environment as e; print(e({'nbrewind'}).distributions)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "name='nbrewind'" in done.stdout and "jupyterlab-nbrewind" not in done.stdout


def test_what_an_extra_asks_for_counts_where_something_asks_for_the_extra(tmp_path: Path) -> None:
    for name, asks in {
        "one": 'two[fast, safe]>=1; python_version >= "3.8"',
        "two": "three; extra == 'fast'\nRequires-Dist: four; extra == \"other\"",
        "three": "",
        "four": "",
    }.items():
        place = installed(tmp_path, name)
        (tmp_path / f"{name}-1.0.dist-info" / "METADATA").write_text(
            f"Name: {name}\nRequires-Dist: {asks}\n\ntext: no\n"
        )
        (tmp_path / f"{name}-1.0.dist-info" / "RECORD").write_text(f"{name}.py,,\n")
        assert place is not None
    code = "from nbrewind.state.software import environment as e; print(*(d.name for d in e({'one'}).distributions))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["one", "three", "two"]


def test_to_look_imports_nothing() -> None:
    code = (
        "import sys; from nbrewind.state.software import environment; before = set(sys.modules); environment();"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is mapped")
def test_libraries_are_those_of_the_system() -> None:
    found = environment(set()).libraries
    assert any("libc.so" in path for path in found)
    assert not any("site-packages" in path or "lib-dynload" in path for path in found)


@pytest.mark.parametrize(
    ("told", "origin"),
    [
        (
            {"url": "https://me:word@host/a.git", "vcs_info": {"vcs": "git", "commit_id": "ab12"}},
            Origin(kind="vcs", url="git+https://host/a.git", commit="ab12"),
        ),
        (
            {"url": "https://host/a.zip?token=x", "archive_info": {"hashes": {"sha256": "ab"}}, "subdirectory": "in"},
            Origin(kind="archive", url="https://host/a.zip", digest="sha256:ab", folder="in"),
        ),
        ({"url": "file:///home/me/a.whl", "archive_info": {}}, Origin(kind="file")),
        ({"url": "file:///home/me/a", "dir_info": {"editable": True}}, Origin(kind="directory", editable=True)),
        ({"nothing": "known"}, Origin()),
        ([], Origin()),
    ],
)
def test_where_it_came_from(tmp_path: Path, told: object, origin: Origin) -> None:
    assert origin_of(installed(tmp_path, "one", direct_url_json=json.dumps(told))) == origin


def test_without_a_url_the_installer_tells(tmp_path: Path) -> None:
    assert origin_of(installed(tmp_path, "one", INSTALLER="uv\n")).kind == "index"
    assert origin_of(installed(tmp_path, "two", INSTALLER="conda\n")).kind == "conda"
    assert origin_of(installed(tmp_path, "three")).kind == "unknown"


def test_names_and_urls() -> None:
    assert normalised("Foo__bar.BAZ") == "foo-bar-baz"
    assert without_credentials("https://u:p@h:1/x?y=z#f") == "https://h:1/x"


def test_it_is_kept_once_for_all_sessions_that_have_loaded_the_same(tmp_path: Path) -> None:
    found = environment({"IPython"})
    with Store.open(tmp_path / "store") as store:
        assert noted(store, "s1") is None
        note(store, "s1", found)
        note(store, "s2", found)
        assert noted(store, "s1") == noted(store, "s2") == found
        rows = store.database.read("SELECT COUNT(*) FROM meta WHERE key LIKE 'software%'")
    assert rows[0][0] == 3
