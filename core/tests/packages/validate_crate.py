"""Run by the Python of `.venv-crate`: says what `roc-validator` has against a crate. Nothing is asked of the network.

``python validate_crate.py FOLDER CONTEXT PROFILE...`` writes a JSON list of texts, empty where the crate is accepted.
``CONTEXT`` is the file that is given to whoever asks for the context of RO-Crate 1.1; nobody may ask for anything else.
"""

from __future__ import annotations

import email.message
import io
import json
import sys
import urllib.request
import urllib.response
from pathlib import Path

import requests
from rocrate_validator import models, services

CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def serve(text: bytes) -> None:
    """Answer requests of this process, those of `requests` and of `urllib`, with the context."""

    def opened(self: object, request: object, data: object = None, timeout: object = None) -> object:
        url = request if isinstance(request, str) else request.full_url
        assert url == CONTEXT, url
        head = email.message.Message()
        head["content-type"] = "application/ld+json"
        return urllib.response.addinfourl(io.BytesIO(text), head, url, 200)

    def sent(self: object, request: requests.PreparedRequest, **options: object) -> requests.Response:
        assert request.url == CONTEXT, request.url
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, request.url, request
        answer.headers["content-type"] = "application/ld+json"
        answer._content = text
        return answer

    urllib.request.OpenerDirector.open = opened
    requests.Session.send = sent


def issues(folder: str, profile: str) -> list[str]:
    """Return what a profile requires and the crate has not."""
    settings = services.ValidationSettings(
        rocrate_uri=folder,
        profile_identifier=profile,
        requirement_severity=models.Severity.REQUIRED,
        no_cache=True,
    )
    found = services.validate(settings).get_issues()
    return [f"{profile}, {one.check.identifier}: {one.message}" for one in found]


if __name__ == "__main__":
    folder, context, *profiles = sys.argv[1:]
    # The terms of 1.1: `rocrate` brings those of a later one, which differ in this.
    serve(Path(context).read_bytes().replace(b"https://bioschemas.org/terms/", b"https://bioschemas.org/"))
    print(json.dumps([one for profile in profiles for one in issues(folder, profile)]))
