"""What a request can be refused for: one sentence that says what, where and what to do."""

from __future__ import annotations

from typing import Literal

from tornado.web import HTTPError

Reason = Literal["busy", "moved", "unknown", "kernel", "store", "request", "package"]
STATUS: dict[Reason, int] = {
    "busy": 409,
    "moved": 409,
    "unknown": 404,
    "kernel": 409,
    "store": 409,
    "request": 400,
    "package": 422,
}


class Refused(HTTPError):
    """A request that can't be done; nothing was changed. Becomes a `Problem`."""

    def __init__(self, why: Reason, message: str) -> None:
        """Say why, in a word for programs and in a sentence."""
        super().__init__(STATUS[why], message)
        self.why = why
        self.message = message
