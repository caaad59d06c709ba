"""Nobody without a token, and nobody without permission, gets an answer from any endpoint."""

from __future__ import annotations

import re

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

from nbrewind_server.handlers import ROUTES, RewindHandler


def example(path):
    """Return a path that a route matches."""
    return re.sub(r"\(.*?\)", "0123456789ab", path).replace("\\", "")


METHODS = [
    (example(path), method)
    for path, handler in ROUTES
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    if method.lower() in vars(handler)
]
ACTIONS = {"GET": "read"}


class Nobody(Authorizer):
    """Permits nothing of ours, and notes what it was asked."""

    asked: list[tuple[str, str]] = []

    def is_authorized(self, handler, user, action, resource):
        """Refuse what concerns the resource `nbrewind`."""
        self.asked.append((action, resource))
        return resource != "nbrewind"


@pytest.fixture
def refusing(jp_serverapp):
    """The test server with an authoriser that refuses."""
    authorizer = Nobody(parent=jp_serverapp)
    jp_serverapp.web_app.settings["authorizer"] = authorizer
    Nobody.asked.clear()
    return authorizer


@pytest.mark.parametrize(("path", "method"), METHODS)
async def test_no_token(jp_fetch, path, method):
    with pytest.raises(HTTPClientError) as error:
        await jp_fetch(
            "nbrewind", "api", path, method=method, headers={"Authorization": ""}, allow_nonstandard_methods=True
        )
    assert error.value.code == 403


@pytest.mark.parametrize(("path", "method"), METHODS)
async def test_no_permission(jp_fetch, refusing, path, method):
    with pytest.raises(HTTPClientError) as error:
        await jp_fetch("nbrewind", "api", path, method=method, allow_nonstandard_methods=True)
    assert error.value.code == 403
    assert refusing.asked == [(ACTIONS.get(method, "write"), "nbrewind")]


def test_all_routes_are_covered(jp_serverapp):
    """A handler that is added elsewhere than in ROUTES would escape the tests above."""
    [app] = jp_serverapp.extension_manager.extension_apps["nbrewind_server"]
    assert [handler for _, handler, *_ in app.handlers if not handler.__module__.startswith("jupyter_server")] == [
        handler for _, handler in ROUTES
    ]
    assert all(issubclass(handler, RewindHandler) and handler.auth_resource == "nbrewind" for _, handler in ROUTES)
