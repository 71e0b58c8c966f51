"""Who gets in: a token that the printed link carries, and checks of host, origin and headers.

Pure ASGI, wrapped around everything that Streamlit serves: pages, static files, components,
uploads, media, health, and the websocket. Without the token every one of them answers 403.
"""

import ipaddress
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Final, Self
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prunescope.store.read_only import read_only

VARIABLE: Final = "PRUNESCOPE_DOOR"
"""Environment variable that hands the door to the server, who takes it away at once: arguments
are seen by every account of the machine, the environment only by its own."""

QUERY: Final = "token"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_CLOSED: Final = (
    "Expected the token of this dashboard, but got none or a wrong one. Open the link that "
    "`prunescope dashboard` printed, or ask its owner for it."
)
_HEADERS: Final = {
    # Whatever a study's names hold, the browser asks no other host for anything.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
        "connect-src 'self' data: blob:; worker-src 'self' blob:; media-src 'self' data: blob:; "
        "frame-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class Door:
    """What the gate asks for.

    Attributes:
        token: What the link carries; None lets everybody in who reaches the port.
        names: Host names besides this machine's own under which it may be reached.
        port: That it listens on: cookies of two dashboards of one host have two names.
    """

    token: str | None = field(repr=False)
    names: tuple[str, ...] = ()
    port: int = 8501

    @classmethod
    def handed_over(cls) -> Self:
        """Take the door out of the environment, where children would inherit it.

        Without one (the server was not started by ``prunescope dashboard``) the token is a random
        one that nobody knows: closed.
        """
        text = os.environ.pop(VARIABLE, None)
        if text is None:
            return cls(secrets.token_urlsafe(32))
        content = json.loads(text)
        return cls(content["token"], tuple(content["names"]), content["port"])

    def text(self) -> str:
        """Return the door as ``handed_over`` reads it."""
        return json.dumps(asdict(self))

    @property
    def cookie(self) -> str:
        """The name of the cookie that carries the token."""
        return f"prunescope-{self.port}"

    def knows(self, token: str | None) -> bool:
        """Return whether ``token`` opens, in a time that does not depend on where it differs."""
        if self.token is None:
            return True
        return token is not None and secrets.compare_digest(token.encode(), self.token.encode())

    def answers_to(self, host: str | None) -> bool:
        """Return whether ``host``, as the Host header says it, is a name of this server.

        Addresses always are: a page that lets its name point here (DNS rebinding) sends its name.
        """
        name = _hostname(host)
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            own = {"localhost", socket.gethostname().lower()}
            return name in own | {each.lower() for each in self.names}
        return True


class Gate:
    """Middleware that refuses whoever has no token, and whatever another site sends."""

    guarding = False
    """Whether one stands in this process: the pages refuse to be served without."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door
        Gate.guarding = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the connection through, or answer 403."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        reason = self._foreign(connection)
        given = connection.query_params.get(QUERY)
        arrives = scope["type"] == "http" and self._door.token is not None and given is not None
        if reason is None and not (
            self._door.knows(connection.cookies.get(self._door.cookie))
            or (arrives and self._door.knows(given))
        ):
            reason = _CLOSED
        if reason is not None:
            await _refuse(scope, receive, send, reason)
        elif arrives and self._door.knows(given):
            await self._welcome(connection, scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))

    def _foreign(self, connection: HTTPConnection) -> str | None:
        """Why the connection comes from another site, or asks for what nobody may."""
        scope, headers = connection.scope, connection.headers
        if not self._door.answers_to(headers.get("host")):
            return (
                f"Expected a name of this machine, but got {headers.get('host', '')[:100]!r}. "
                "Name it with --name when you start the dashboard."
            )
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        origin = headers.get("origin")
        if changes and origin is not None and not self._own(origin, headers["host"]):
            return f"Expected a page of this dashboard, but got one of {origin[:100]!r}."
        elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
        if elsewhere and headers.get("sec-fetch-mode") != "navigate":
            return "Expected a page of this dashboard to ask, but another site's did."
        if scope["type"] == "http" and changes and read_only():
            return "Expected only to be read, since this dashboard is read-only."
        return None

    def _own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        known = parts.netloc == host or name in {each.lower() for each in self._door.names}
        return known and parts.scheme in ("http", "https")

    async def _welcome(
        self, connection: HTTPConnection, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Give the cookie; to a browser, with a page that goes on to the address without token.

        A redirect would not do: a strict cookie is not sent by a redirect that another site, such
        as a mail in the browser, began.
        """
        secure = "; Secure" if _encrypted(connection) else ""
        cookie = (
            f"{self._door.cookie}={self._door.token}; HttpOnly; SameSite=Strict; Path=/{secure}"
        )
        if scope["method"] != "GET" or "text/html" not in connection.headers.get("accept", ""):
            await self._app(scope, receive, _with_headers(send, cookie))
            return
        rest = [(key, value) for key, value in connection.query_params.multi_items()
                if key != QUERY]  # fmt: skip
        # One slash: two would begin the name of another host.
        path = "/" + quote(scope["path"].lstrip("/"))
        target = escape(path + ("?" + urlencode(rest) if rest else ""), quote=True)
        page = HTMLResponse(
            f'<!doctype html><meta http-equiv="refresh" content="0; url={target}">'
            f'<title>Prunescope</title><a href="{target}">Open the dashboard</a>',
            headers={"Cache-Control": "no-store"},
        )
        await page(scope, receive, _with_headers(send, cookie))


async def _refuse(scope: Scope, receive: Receive, send: Send, reason: str) -> None:
    """Answer 403; to a websocket before it is accepted, which its server tells as 403."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "403"})
        return
    answer = PlainTextResponse(reason + "\n", 403, headers={"Cache-Control": "no-store"})
    await answer(scope, receive, _with_headers(send))


def _with_headers(send: Send, cookie: str | None = None) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            if cookie is not None:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return sending


def _encrypted(connection: HTTPConnection) -> bool:
    return "https" in (connection.url.scheme, connection.headers.get("x-forwarded-proto"))


def _hostname(host: str | None) -> str | None:
    """The name in a Host header, without its port; None when it is no host."""
    try:
        parts = urlsplit(f"//{host or ''}")
        _ = parts.port
    except ValueError:
        return None
    if parts.username or parts.password or parts.path or parts.query or parts.fragment:
        return None
    return parts.hostname.lower().rstrip(".") if parts.hostname else None
