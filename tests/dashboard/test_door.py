"""A real server: every route of it and the socket, tried by others than its owner."""

import asyncio
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil
import pytest

import prunescope.dashboard
from prunescope.dashboard.launch_command import Serving
from prunescope.store.uploads import MOST_MEGABYTES
from tests.browser.served import free_port, served
from tests.faults import own_loop
from tests.faults.viewer import Viewer

ROUTES = """
import json
from prunescope.dashboard.server import app
print(json.dumps(sorted({route.path for route in app._build_starlette_app().routes})))
"""

CLIENT = """
import http.client, json, sys
port, routes, cookie = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
found = {}
for route in routes:
    path = route.replace("{path:path}", "x").replace("{", "").replace("}", "").replace(":path", "")
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Cookie": cookie} if cookie else {}
        connection.request(method, path or "/", headers=headers)
        found[f"{method} {path}"] = connection.getresponse().status
        connection.close()
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
headers = upgrade | ({"Cookie": cookie} if cookie else {})
connection.request("GET", "/_stcore/stream", headers=headers)
found["socket"] = connection.getresponse().status
print(json.dumps(found))
"""
LOOK = """
import glob, sys
for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
    try:
        sys.stdout.buffer.write(open(path, "rb").read())
    except OSError:
        pass
"""
NOBODY = 65534


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(Serving(tmp_path_factory.mktemp("studies"), free_port())) as made:
        yield made


@pytest.fixture(scope="module")
def routes() -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ROUTES], capture_output=True, text=True, check=True
    )
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    assert {"/_stcore/health", "/_stcore/stream", "/media/{file_id:path}"} <= set(found)
    return [*found, "/", "/curves", "/plan", "/static/js/x.js"]


def ask(
    server: Serving, routes: list[str], cookie: str = "", user: int | None = None
) -> dict[str, int]:
    done = subprocess.run(
        ["/usr/bin/python3" if user else sys.executable, "-c", CLIENT, str(server.port),
         json.dumps(routes), cookie],
        capture_output=True, text=True, check=True, user=user, cwd="/",
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    found: dict[str, int] = json.loads(done.stdout)
    assert len(found) > 80
    return found


def test_without_the_token_every_route_and_the_socket_answer_403(
    server: Serving, routes: list[str]
) -> None:
    for cookie in ("", f"prunescope-{server.port}=wrong"):
        assert set(ask(server, routes, cookie).values()) == {403}


@pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0 or not Path("/usr/bin/python3").exists(),
    reason="only root can become another account",
)
def test_another_account_gets_403_and_cannot_look_the_token_up(
    server: Serving, routes: list[str]
) -> None:
    assert set(ask(server, routes, user=NOBODY).values()) == {403}
    done = subprocess.run(
        ["/usr/bin/python3", "-c", LOOK], capture_output=True, check=True, user=NOBODY, cwd="/"
    )
    assert done.stdout  # it saw something: the commands of all
    assert str(server.token).encode() not in done.stdout


def test_with_the_token_the_pages_and_the_socket_answer(server: Serving, routes: list[str]) -> None:
    found = ask(server, routes, f"prunescope-{server.port}={server.token}")
    assert found["socket"] == 101
    assert found["GET /"] == 200
    assert found["GET /_stcore/health"] == 200
    assert 403 not in {status for name, status in found.items() if name.startswith("GET")}


def test_no_process_shows_the_token_in_its_command(server: Serving) -> None:
    for process in psutil.process_iter(["cmdline"]):
        assert str(server.token) not in " ".join(process.info["cmdline"] or [])


def put(server: Serving, session: str, body: bytes | Iterable[bytes]) -> int:
    """Upload a file as a page's browser does; the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    first = {"Cookie": f"prunescope-{server.port}={server.token}"}
    connection.request("GET", "/_stcore/health", headers=first)
    answer = connection.getresponse()
    answer.read()
    given = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
    headers = {
        "Cookie": f"{first['Cookie']}; {given}", "X-Xsrftoken": given.partition("=")[2],
        "Content-Type": "multipart/form-data; boundary=b",
    }  # fmt: skip
    try:
        connection.request(
            "PUT", f"/_stcore/upload_file/{session}/1", body, headers,
            encode_chunked=not isinstance(body, bytes),
        )  # fmt: skip
        return connection.getresponse().status
    finally:
        connection.close()


def form(size: int) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="t.parquet"\r\n\r\n'
    return head + b"x" * size + b"\r\n--b--\r\n"


def chunks(body: bytes) -> Iterator[bytes]:
    """The same without a word on its length, so that only what arrives can be counted."""
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


def test_an_upload_past_the_limit_is_refused_before_it_is_kept(server: Serving) -> None:
    async def looked() -> dict[str, int]:
        viewer = Viewer(server)
        async with viewer.connected() as socket:
            await viewer.first(socket)
            uploads = {
                "small": form(1 << 10), "large": form(49 << 20), "chunked": chunks(form(50 << 20)),
            }  # fmt: skip
            return {
                name: await asyncio.to_thread(put, server, viewer.session, body)
                for name, body in uploads.items()
            }

    assert own_loop.run(looked()) == {"small": 204, "large": 413, "chunked": 413}
    assert put(server, "no-such-session", form(1 << 10)) == 400


def test_the_limit_of_uploads_is_the_one_that_the_page_says() -> None:
    text = Path(prunescope.dashboard.__file__ or "").parent / ".streamlit" / "config.toml"
    assert f"maxUploadSize = {MOST_MEGABYTES}\n" in text.read_text()
