"""The provenance in a package is an RO-Crate that the validator of its profiles accepts, without a network."""

from __future__ import annotations

import email.message
import io
import json
import urllib.request
import urllib.response
from importlib.resources import files as resources
from pathlib import Path

import pytest
from package_tools import files

validator = pytest.importorskip("rocrate_validator", reason="roc-validator is not installed")

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
PROFILES = ("ro-crate-1.1", "provenance-run-crate")
"""The second one includes the profiles of workflows and processes."""


@pytest.fixture
def context(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the context that `rocrate` brings, with the terms of 1.1, to whoever asks; nobody may ask for another."""
    import requests

    text = resources("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
    text = text.replace(b"https://bioschemas.org/terms/", b"https://bioschemas.org/")

    def opened(self, request, data=None, timeout=None):
        url = request if isinstance(request, str) else request.full_url
        assert url == CONTEXT, url
        head = email.message.Message()
        head["content-type"] = "application/ld+json"
        return urllib.response.addinfourl(io.BytesIO(text), head, url, 200)

    def sent(self, request, **options):
        assert request.url == CONTEXT, request.url
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, request.url, request
        answer.headers["content-type"] = "application/ld+json"
        answer._content = text
        return answer

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", opened)
    monkeypatch.setattr(requests.Session, "send", sent)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_validator_accepts_it(sent, tmp_path: Path, context, profile: str) -> None:
    from rocrate_validator import models, services

    for name, data in files(sent.folder / "a.zip").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    settings = services.ValidationSettings(
        rocrate_uri=str(tmp_path),
        profile_identifier=profile,
        requirement_severity=models.Severity.REQUIRED,
        no_cache=True,
    )
    found = services.validate(settings)
    assert [f"{one.check.identifier}: {one.message}" for one in found.get_issues()] == []


def test_it_says_what_ran_and_when(sent) -> None:
    graph = json.loads(files(sent.folder / "a.zip")["ro-crate-metadata.json"])["@graph"]
    by_id = {one["@id"]: one for one in graph}
    assert by_id["ro-crate-metadata.json"]["conformsTo"]["@id"] == "https://w3id.org/ro/crate/1.1"
    workflow = by_id["workflow/a.ipynb"]
    assert "ComputationalWorkflow" in workflow["@type"] and by_id["./"]["mainEntity"] == {"@id": "workflow/a.ipynb"}
    steps = [by_id[one["@id"]] for one in workflow["step"]]
    assert [step["position"] for step in steps] == [str(number) for number in range(1, 9)]
    controls = [one for one in graph if one["@type"] == "ControlAction"]
    actions = [by_id[one["object"]["@id"]] for one in controls]
    assert {one["@type"] for one in actions} == {"CreateAction"} and len(actions) == 8
    assert all(one["startTime"] <= one["endTime"] for one in actions)
    read = next(one for one in actions if one["name"] == "Run of cell read")
    assert {part["@id"] for part in read["object"]} == {"data/files/in.csv", "data/files/large.bin"}
