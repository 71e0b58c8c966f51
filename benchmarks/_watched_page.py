"""A page in a real browser, and what passes between it and the server, by the browser's clock."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from prunescope.errors import PrunescopeError

HEAD: Final = "prunescope_head"
_SCRIPT: Final = Path(__file__).with_name("_watched_page.js").read_text(encoding="utf-8")
_VIEW: Final = {"width": 1366, "height": 900}
_PATIENCE: Final = 60_000
_QUIET: Final = 500
"""Milliseconds without a change after which a page rests."""


class PageFailure(PrunescopeError):
    """A page did not do what a row measures."""


@dataclass(frozen=True)
class Frame:
    """One message of the websocket: when by the browser, which way, and its bytes in base64."""

    at: float
    sent: bool
    content: str

    @property
    def bytes(self) -> int:
        """How many bytes the message has."""
        return 3 * len(self.content) // 4

    def asks(self) -> bool:
        """Whether the page asks for a run that no timer asked for."""
        if not self.sent:
            return False
        message = BackMsg.FromString(base64.b64decode(self.content))
        state = message.rerun_script
        return message.WhichOneof("type") == "rerun_script" and not state.is_auto_rerun

    def brings(self, component: str) -> bool:
        """Whether the server draws the component of that name with it."""
        message = self._answer()
        if message is None or message.WhichOneof("type") != "delta":
            return False
        return bool(message.delta.new_element.bidi_component.component_name == component)

    def ends(self) -> bool:
        """Whether the run is over."""
        message = self._answer()
        return message is not None and message.WhichOneof("type") == "script_finished"

    def _answer(self) -> ForwardMsg | None:
        return None if self.sent else ForwardMsg.FromString(base64.b64decode(self.content))


@dataclass
class Watched:
    """A page that is watched.

    Attributes:
        page: Playwright's.
        frames: Messages of its websocket so far.
        http: Bytes that came otherwise, as they were transferred.
    """

    page: Page
    frames: list[Frame] = field(default_factory=list)
    http: int = 0

    def listen(self) -> None:
        """Note from now on what passes."""
        devtools = self.page.context.new_cdp_session(self.page)
        devtools.on("Network.webSocketFrameSent", lambda event: self._frame(event, True))
        devtools.on("Network.webSocketFrameReceived", lambda event: self._frame(event, False))
        devtools.on("Network.dataReceived", self._data)
        devtools.send("Network.enable")

    def _frame(self, event: Any, sent: bool) -> None:
        content = event["response"]
        if content["opcode"] == 2:  # binary
            self.frames.append(Frame(event["timestamp"], sent, content["payloadData"]))

    def _data(self, event: Any) -> None:
        self.http += max(event["encodedDataLength"], 0)

    def received(self) -> int:
        """Return how many bytes have come so far."""
        return self.http + sum(frame.bytes for frame in self.frames if not frame.sent)

    def rest(self) -> None:
        """Wait until no run goes on and nothing changes.

        Raises:
            PageFailure: The page shows an error that nobody foresaw.
        """
        self.page.wait_for_function(
            "(quiet) => performance.now() - window.watched.changed > quiet && document"
            ".querySelector('[data-testid=stApp][data-test-script-state=notRunning]') !== null",
            arg=_QUIET,
        )
        if self.page.get_by_test_id("stException").count():
            text = self.page.get_by_test_id("stException").first.inner_text()
            raise PageFailure(f"Expected a page, but got an error: {text.splitlines()[0][:80]}.")

    def go(self, name: str) -> None:
        """Press the link to the page ``name``, and wait until it rests."""
        self.page.get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_url(f"**/{name.lower()}*")
        self.rest()

    def number(self, name: str) -> float | None:
        """Return what the page's own script noted."""
        value: float | None = self.page.evaluate(f"window.watched.{name}")
        return value


@contextmanager
def window(browser: Browser) -> Iterator[BrowserContext]:
    """A window whose pages watch themselves, with a cache of its own."""
    context = browser.new_context(viewport=_VIEW)  # type: ignore[arg-type]
    context.set_default_timeout(_PATIENCE)
    context.add_init_script(_SCRIPT)
    yield context
    context.close()


def opened(context: BrowserContext, address: str) -> Watched:
    """Return a page of its own at ``address``, at rest."""
    watched = Watched(context.new_page())
    watched.listen()
    watched.page.goto(address)
    watched.page.get_by_role("link", name="Curves", exact=True).wait_for()
    watched.rest()
    return watched
