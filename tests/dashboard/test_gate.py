"""Without the token nothing is served; with it, nothing that another site sends."""

import socket

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from prunescope.dashboard.gate import Door, Gate
from prunescope.store.read_only import READ_ONLY

TOKEN = "a-token-that-nobody-guesses"
ORIGIN = "http://127.0.0.1:8501"
SOCKET = "ws://127.0.0.1:8501/_stcore/stream"


async def _answer(request: object) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


def client(door: Door, cookie: str | None = TOKEN) -> TestClient:
    app = Starlette(
        routes=[
            Route("/{rest:path}", _answer, methods=["GET", "HEAD", "POST", "PUT", "DELETE"]),
            WebSocketRoute("/{rest:path}", _talk),
        ],
        middleware=[Middleware(Gate, door=door)],
    )
    made = TestClient(app, base_url=ORIGIN, follow_redirects=False)
    if cookie is not None:
        made.cookies.set(door.cookie, cookie)
    return made


@pytest.mark.parametrize("cookie", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "ö"])
def test_without_the_token_all_is_403(cookie: str | None) -> None:
    opened = client(Door(TOKEN), cookie and cookie.encode("ascii", "replace").decode())
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        for path in ("/", "/curves", "/_stcore/health", "/static/a.js", "/media/x"):
            assert opened.request(method, path).status_code == 403
    with pytest.raises(WebSocketDisconnect), opened.websocket_connect(SOCKET):
        pass
    assert opened.get("/", params={"token": "wrong"}).status_code == 403


def test_with_the_cookie_all_is_served() -> None:
    opened = client(Door(TOKEN))
    assert opened.get("/curves").text == "inside"
    assert opened.put("/_stcore/upload_file/1/2", headers={"Origin": ORIGIN}).text == "inside"
    with opened.websocket_connect(SOCKET, headers={"Origin": ORIGIN}):
        pass


def test_the_first_visit_leaves_a_strict_cookie_and_an_address_without_token() -> None:
    opened = client(Door(TOKEN, port=9000), None)
    said = opened.get(
        "/curves", params={"study": "a<b", "token": TOKEN}, headers={"Accept": "text/html"}
    )
    cookie = said.headers["set-cookie"]
    assert cookie.startswith(f"prunescope-9000={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert 'content="0; url=/curves?study=a%3Cb"' in said.text
    assert TOKEN not in said.text
    assert opened.get("/curves").text == "inside"  # the cookie came along


@pytest.mark.parametrize("path", ["//evil.example/a", "/%5Cevil.example", "/\\evil.example"])
def test_the_first_visit_leads_to_no_other_host(path: str) -> None:
    said = client(Door(TOKEN), None).get(
        f"{ORIGIN}{path}?token={TOKEN}", headers={"Accept": "text/html"}
    )
    assert "url=/evil" in said.text or "url=/%5C" in said.text


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "a@b", "[x"]
)
@pytest.mark.parametrize("token", [TOKEN, None])
def test_a_foreign_name_is_refused(host: str, token: str | None) -> None:
    opened = client(Door(token))
    assert opened.get("/", headers={"Host": host}).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        opened.websocket_connect(SOCKET, headers={"Host": host}),
    ):
        pass


def test_own_names_and_addresses_are_answered() -> None:
    opened = client(Door(TOKEN, names=("Studies.example.org",)))
    for host in ("localhost", "127.0.0.1:1", "[::1]:8501", "10.0.0.7", "studies.example.org",
                 f"{socket.gethostname()}:8501"):  # fmt: skip
        assert opened.get("/", headers={"Host": host}).status_code == 200, host


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:9999", "file://", "chrome://x", "http://["],
)
@pytest.mark.parametrize("token", [TOKEN, None])
def test_another_site_opens_no_socket_and_changes_nothing(origin: str, token: str | None) -> None:
    opened = client(Door(token))
    headers = {"Origin": origin}
    for method in ("POST", "PUT", "DELETE"):
        assert opened.request(method, "/", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), opened.websocket_connect(SOCKET, headers=headers):
        pass


def test_another_site_embeds_nothing_and_may_link() -> None:
    opened = client(Door(TOKEN))
    embeds = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}
    links = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert opened.get("/", headers=embeds).status_code == 403
    said = opened.get("/", headers=links)
    assert said.status_code == 200
    assert said.headers["x-frame-options"] == "DENY"
    assert "default-src 'self'" in said.headers["content-security-policy"]
    assert said.headers["x-content-type-options"] == "nosniff"


def test_read_only_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(READ_ONLY, "1")
    opened = client(Door(TOKEN))
    assert opened.put("/_stcore/upload_file/1/2").status_code == 403
    assert opened.get("/curves").status_code == 200
    with opened.websocket_connect(SOCKET):
        pass


def test_a_server_that_was_handed_no_door_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRUNESCOPE_DOOR", raising=False)
    assert client(Door.handed_over(), None).get("/").status_code == 403


def test_the_door_leaves_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("PRUNESCOPE_DOOR", Door(TOKEN, ("a",), 7).text())
    assert Door.handed_over() == Door(TOKEN, ("a",), 7)
    assert "PRUNESCOPE_DOOR" not in os.environ
