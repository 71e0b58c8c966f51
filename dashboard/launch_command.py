"""The command that opens the dashboard, and the link into it."""

import ipaddress
import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from prunescope.dashboard.gate import QUERY, VARIABLE, Door
from prunescope.errors import BadValue
from prunescope.jobs.queue import LIMIT
from prunescope.store.read_only import READ_ONLY
from prunescope.store.trust import MODELS

DEFAULT_PORT: Final = 8501
LOOPBACK: Final = "127.0.0.1"
TOKEN: Final = "PRUNESCOPE_TOKEN"  # noqa: S105 - the variable's name
"""Environment variable with a token of the owner's choice, so that links outlive a restart."""
SERVER: Final = Path(__file__).with_name("server.py")
LEAN: Final = {"MALLOC_ARENA_MAX": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}
"""What the server's allocators are told, unless its owner tells them otherwise: every run of a page
is a thread, and of a heap for each, and one more of Arrow's, little is ever handed back."""
_SHORTEST: Final = 16


def drawn_token() -> str:
    """Return the token that the owner chose by ``PRUNESCOPE_TOKEN``, else a random one."""
    chosen = os.environ.get(TOKEN)
    if not chosen:
        return secrets.token_urlsafe(32)
    if len(chosen) < _SHORTEST or not chosen.isascii() or not _url_safe(chosen):
        raise BadValue(
            f"Expected {TOKEN} to hold at least {_SHORTEST} letters, digits, - and _, but it does "
            "not. Unset it to have one drawn."
        )
    return chosen


@dataclass(frozen=True)
class Serving:
    """How a folder of studies is shown, and to whom.

    Attributes:
        folder: A study, or a folder of studies; need not exist yet.
        port: That it listens on.
        host: Address that it listens on; by default nothing outside of the machine reaches it.
        token: What opens it; None lets everybody in who reaches the port.
        names: Host names besides the machine's own under which a proxy or a network knows it.
        base: Path below which it lies behind a proxy; empty for the root.
        read_only: Whether it may only be read.
        models: Folder whose models, data and metrics its viewers may begin studies from.
        jobs: How many jobs of its studies run at a time.
    """

    folder: Path
    port: int = DEFAULT_PORT
    host: str = LOOPBACK
    token: str | None = field(default_factory=drawn_token, repr=False)
    names: tuple[str, ...] = ()
    base: str = ""
    read_only: bool = False
    models: Path | None = None
    jobs: int = 1

    def command(self) -> list[str]:
        """Return the command that serves it.

        The other settings lie beside ``server.py``, where Streamlit reads them wherever it is
        started from. The token is not among the arguments, which every account can list.
        """
        prefix = self.base.strip("/")
        return [
            sys.executable, "-P", "-m", "streamlit", "run", str(SERVER),
            "--server.address", self.host, "--server.port", str(self.port),
            *(["--server.baseUrlPath", prefix] if prefix else []),
            *(["--browser.serverAddress", self.names[0]] if self.names else []),
            "--", str(self.folder.resolve()),
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Return the environment of that command: the present one, the token and what is allowed.

        Jobs inherit what the allocators are told; what they allocate much of, one thread does.

        Without ``models`` of its own, it inherits no folder of somebody else's choice.
        """
        own = LEAN | {
            name: value for name, value in os.environ.items() if name not in (TOKEN, MODELS)
        }
        own[VARIABLE] = Door(self.token, self.names, self.port).text()
        own[LIMIT] = str(self.jobs)
        if self.read_only:
            own[READ_ONLY] = "1"
        if self.models is not None:
            own[MODELS] = str(self.models.resolve())
        return own

    def link(self, page: str = "") -> str:
        """Return the address of ``page``, with the token.

        The address is a number where it can be: another account may listen on the other address
        that ``localhost`` means, and would be handed the token.
        """
        host = LOOPBACK if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        path = "/".join(filter(None, (self.base.strip("/"), page)))
        query = "?" + urlencode({QUERY: self.token}) if self.token is not None else ""
        return f"http://{host}:{self.port}/{path}{query}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches the address ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url_safe(text: str) -> bool:
    return all(letter.isalnum() or letter in "-_" for letter in text)
