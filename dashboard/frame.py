"""The frame of every page, as the browser gets it first: with room for what comes later."""

from functools import cache
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prunescope.dashboard.shared import wait_until_drawn

_STYLE: Final = Path(__file__).with_name("shell") / "shell.css"
_END: Final = b"</head>"
_OF_THE_FILE: Final = (b"accept-encoding", b"if-none-match", b"if-modified-since")
"""What a browser asks of a file that it has: here more than the file decides."""


class Frame:
    """Middleware that writes the pages' style into the head of Streamlit's one HTML file.

    A style that a page sends arrives with the page, when the first elements have already moved.
    It also hears when a browser says that something stands (``wait_until_drawn``).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is asked, and complete what is answered in HTML."""
        if scope["type"] == "websocket":
            wait_until_drawn.browsers_are_here()
        place, _, word = scope.get("path", "").rpartition("/")
        if scope["type"] == "http" and place.endswith(f"/{wait_until_drawn.PATH}"):
            wait_until_drawn.said(word)
            await Response(status_code=204)(scope, receive, send)
            return
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        asked = [pair for pair in scope["headers"] if pair[0] not in _OF_THE_FILE]
        await self._app({**scope, "headers": asked}, receive, _Completing(send))


class _Completing:
    """Holds an answer in HTML back until it is whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._whole(self._start)

    async def _whole(self, start: Message) -> None:
        body = completed(self._body)
        headers = MutableHeaders(raw=start["headers"])
        headers["content-length"] = str(len(body))
        for name in ("etag", "last-modified"):
            del headers[name]
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})


def completed(page: bytes) -> bytes:
    """Return an HTML page with the style at the end of its head."""
    return page.replace(_END, b"<style>" + _style() + b"</style>" + _END, 1)


def _is_html(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")


@cache
def _style() -> bytes:
    return _STYLE.read_bytes()
