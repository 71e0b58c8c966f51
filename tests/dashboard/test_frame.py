"""The HTML file that every page begins with carries the style that gives late parts their room."""

import re
from pathlib import Path

import prunescope.dashboard
from prunescope.dashboard.frame import Frame
from tests.faults import own_loop

HOME = Path(prunescope.dashboard.__file__).parent
STYLE = (HOME / "shell" / "shell.css").read_text(encoding="utf-8")
PAGE = b"<html><head><title>t</title></head><body></body></html>"


def answered(accept: str, *, kind: str = "text/html; charset=utf-8", status: int = 200):
    """What comes of an answer in two parts, and what was asked of the application for it."""
    asked, sent = [], []

    async def application(scope, receive, send):
        asked.append({name for name, _ in scope["headers"]})
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(PAGE)),
                   (b"etag", b'"1"')]  # fmt: skip
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE[:20], "more_body": True})
        await send({"type": "http.response.body", "body": PAGE[20:]})

    async def send(message):
        sent.append(message)

    headers = [(b"accept", accept.encode()), (b"accept-encoding", b"gzip"), (b"host", b"x"),
               (b"if-none-match", b'"1"')]  # fmt: skip
    scope = {"type": "http", "method": "GET", "path": "/plan", "headers": headers}
    own_loop.run(Frame(application)(scope, None, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return dict(sent[0]["headers"]), body, asked[0]


def test_the_style_is_in_the_head_and_the_file_is_never_an_old_one() -> None:
    headers, body, asked = answered("text/html,*/*")
    assert body == PAGE.replace(b"</head>", f"<style>{STYLE}</style></head>".encode())
    assert headers[b"content-length"] == b"%d" % len(body)
    assert b"etag" not in headers
    assert asked == {b"accept", b"host"}  # neither zipped, nor "as I have it"


def test_all_else_is_passed_on_as_it_is() -> None:
    for headers, body, asked in (
        answered("*/*"),
        answered("text/html", kind="application/json"),
        answered("text/html", status=404),
    ):
        assert body == PAGE
        assert headers[b"etag"] == b'"1"'
        assert b"host" in asked


def test_room_is_made_for_what_pages_really_have() -> None:
    named = set(re.findall(r"st-key-([\w-]+?)(?:-)?(?=[\s,\"\])>]|$)", STYLE))
    pages = "\n".join(path.read_text(encoding="utf-8") for path in HOME.rglob("*.py"))
    keys = {
        re.sub(r"\W+", "-", key).strip("-")
        for key in re.findall(r'key=(?:view\.kept\()?f?"([^"{]+)', pages)
    }
    keys |= {"painter"}  # a constant
    assert named
    assert named <= keys, named - keys
