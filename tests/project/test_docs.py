"""The documentation builds without a warning, and says all that is there."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SERVER = ROOT / "jupyter_server_ext" / "nbrewind_server"

pytest.importorskip("sphinx", reason="the documentation's tools are not installed")
sys.path.insert(0, str(DOCS / "_ext"))

from local_links import broken_links  # noqa: E402


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-E", "-W", "--keep-going", "-q", str(DOCS), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    return folder


def text_of(page: Path) -> str:
    return unescape(re.sub(r"<[^>]+>", "", page.read_text("utf-8")))


def test_every_page_is_in_the_site(site):
    pages = [path.relative_to(DOCS) for path in DOCS.rglob("*.md")]
    assert len(pages) > 15
    assert [str(page) for page in pages if not (site / page.with_suffix(".html")).is_file()] == []


def test_every_command_is_documented(site):
    ids = set(re.findall(r"'(nbrewind:[a-z-]+)'", (ROOT / "src" / "commands.ts").read_text("utf-8")))
    shown = text_of(site / "reference" / "jupyterlab.html")
    assert ids
    assert {name for name in ids if name not in shown} == set()


def test_every_operation_and_record_is_documented(site):
    described = yaml.safe_load((SERVER / "openapi.yaml").read_text("utf-8"))
    shown = text_of(site / "reference" / "rest.html")
    wanted = [f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods]
    wanted += described["components"]["schemas"]
    assert [name for name in wanted if name not in shown] == []


def test_every_setting_and_option_is_documented(site):
    from nbrewind_server.app import NBRewindApp

    shown = text_of(site / "reference" / "settings.html")
    wanted = [f"c.NBRewindApp.{name}" for name in NBRewindApp.class_own_traits(config=True)]
    for schema in (ROOT / "schema").glob("*.json"):
        wanted += yaml.safe_load(schema.read_text("utf-8")).get("properties", {})
    assert wanted
    assert [name for name in wanted if name not in shown] == []


@pytest.mark.parametrize("union", ["ServerState", "Attachment"])
def test_every_state_has_its_remedy(union):
    """The page *When something is wrong* has a row for each state that the front end knows."""
    tokens = (ROOT / "src" / "tokens.ts").read_text("utf-8")
    body = tokens.split(f"export type {union} =")[1].split(";\n\n")[0]
    states = re.findall(r"kind: '([a-z-]+)'", body)
    section = (DOCS / "guide" / "when-something-is-wrong.md").read_text("utf-8")
    table = section.split("## ")[{"Attachment": 1, "ServerState": 2}[union]]
    good = {"recording"}
    assert len([line for line in table.splitlines() if line.startswith("| ")]) - 2 == len(set(states) - good)


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "one.html").write_text('<a href="two.html#here">1</a> <a href="two.html#gone">2</a> <a href="x/">3</a>')
    (tmp_path / "two.html").write_text('<h1 id="here"></h1><a href="https://example.org/">4</a><a href="#here">5</a>')
    assert broken_links(tmp_path) == [("one.html", "two.html#gone"), ("one.html", "x/")]


def test_links_between_the_projects_own_files():
    """Read where the project is hosted, links lead to files that are there."""
    broken = []
    for page in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text("utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
