"""People who look at a dashboard: they open pages, and their browsers ask again as pages tell them.

Speaks Streamlit's own messages over its websocket, as far as a browser must: the first run, the
timers of fragments, and another page now and then.
"""

import asyncio
import contextlib
import random
import re
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from prunescope.dashboard.launch_command import Serving
from prunescope.dashboard.shared.wait_until_drawn import PATH

_STANDS: Final = re.compile(rb'"stands": ?"([\w-]+)"')
PAGES: Final = ("", "curves", "plan", "plans", "recover", "export")


@dataclass
class Viewer:
    """One browser window.

    Attributes:
        serving: The dashboard.
        study: Name of the study that it looks at.
        session: As the server called it; empty before the first answer.
        runs: Scripts that ended, whole pages and fragments.
        exceptions: What pages showed as errors that nobody foresaw.
        late: Seconds that the longest run of a page took, from asking to its end.
    """

    serving: Serving
    study: str = ""
    session: str = ""
    runs: int = 0
    exceptions: list[str] = field(default_factory=list)
    late: float = 0.0
    _page: str = ""
    _asked: float = 0.0
    _timers: list["asyncio.Task[None]"] = field(default_factory=list)

    async def look(self, seconds: float, turn: float = 20.0, seed: int = 0) -> None:
        """Look for so long, and open another page every ``turn`` seconds."""
        chance = random.Random(seed)
        end = asyncio.get_running_loop().time() + seconds
        async with self.connected() as socket:
            reader = asyncio.create_task(self._read(socket))
            while (left := end - asyncio.get_running_loop().time()) > 0:
                await self.open(socket, chance.choice(PAGES))
                await asyncio.sleep(min(left, turn * chance.uniform(0.5, 1.5)))
            reader.cancel()
            self._drop_timers()
            with contextlib.suppress(asyncio.CancelledError):
                await reader

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        """Yield the socket, opened with the token."""
        port = self.serving.port
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            additional_headers={"Cookie": f"prunescope-{port}={self.serving.token}"},
            origin=websockets.Origin(f"http://127.0.0.1:{port}"),
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=None, open_timeout=60, ping_interval=None,
        ) as socket:  # fmt: skip
            yield socket

    async def open(self, socket: Any, page: str) -> None:
        """Ask for a page."""
        self._page, self._asked = page, asyncio.get_running_loop().time()
        self._drop_timers()
        await self._ask(socket)

    async def first(self, socket: Any) -> None:
        """Open the first page, and read until it stands."""
        await self.open(socket, "")
        before = self.runs
        while self.runs == before:
            self._hear(socket, await socket.recv())

    async def _read(self, socket: Any) -> None:
        async for content in socket:
            self._hear(socket, content)

    def _hear(self, socket: Any, content: bytes) -> None:
        message = ForwardMsg.FromString(content)
        match message.WhichOneof("type"):
            case "new_session":
                self.session = message.new_session.initialize.session_id or self.session
            case "auto_rerun":
                told = message.auto_rerun
                again = self._again(socket, told.fragment_id, told.interval)
                self._timers.append(asyncio.create_task(again))
            case "script_finished":
                self.runs += 1
                now = asyncio.get_running_loop().time()
                self.late = max(self.late, now - self._asked) if self._asked else self.late
                self._asked = 0.0
            case "delta":
                element = message.delta.new_element
                for word in _STANDS.findall(content):
                    asyncio.get_running_loop().run_in_executor(None, self._say, word.decode())
                if element.WhichOneof("type") == "exception":
                    self.exceptions.append(element.exception.message)

    async def _again(self, socket: Any, fragment: str, interval: float) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(interval)
                await self._ask(socket, fragment)

    async def _ask(self, socket: Any, fragment: str = "") -> None:
        state = ClientState(
            query_string=f"study={self.study}" if self.study else "", page_name=self._page,
            fragment_id=fragment, is_auto_rerun=bool(fragment),
        )  # fmt: skip
        await socket.send(BackMsg(rerun_script=state).SerializeToString())

    def _say(self, word: str) -> None:
        """Tell the run that waits for it that a part of the page stands, as browsers do."""
        port = self.serving.port
        headers = {"Cookie": f"prunescope-{port}={self.serving.token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{PATH}/{word}", headers=headers)
        with urllib.request.urlopen(request, timeout=60):
            pass

    def _drop_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
