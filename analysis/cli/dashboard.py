"""``dashboard``: open the browser on studies."""

import contextlib
import html
import os
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from prunescope.cli.shared_options import named_path
from prunescope.cli.terminal import errors
from prunescope.errors import BadReference, BadValue
from prunescope.object_store.address import checked_source
from prunescope.store.read_only import read_only as inherited_read_only

if TYPE_CHECKING:
    from prunescope.dashboard.launch_command import Serving

LOOK: Final = 0.2
"""Seconds between two looks at a server or a job that is about to begin."""
FolderArgument = Annotated[
    Path,
    typer.Argument(
        metavar="[FOLDER]",
        help="A folder of studies, or one study; or s3://BUCKET/NAME, read-only.",
        parser=checked_source,
    ),
]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535)]
BrowserOption = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
]


def dashboard(
    folder: FolderArgument = Path("studies"),
    port: PortOption = 8501,
    browser: BrowserOption = True,
    page: Annotated[str, typer.Option(hidden=True)] = "",
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Viewers look and plan; nothing is changed.")
    ] = False,
    models: Annotated[
        Path | None,
        typer.Option(
            "--models",
            metavar="PATH",
            parser=named_path,
            help="Folder whose models, data and metrics viewers may begin studies from.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, max=64, help="Jobs of all studies that run at a time.")
    ] = 1,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for all networks.")
    ] = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="Host name under which a proxy or network knows it."),
    ] = None,
    base: Annotated[
        str, typer.Option("--base-path", help="Path below which a proxy serves it.")
    ] = "",
    token: Annotated[
        bool,
        typer.Option(
            "--token/--no-token", help="Ask for the token of the link; not behind a proxy's login."
        ),
    ] = True,
    trust_network: Annotated[
        bool,
        typer.Option(
            "--trust-network", help="With --no-token and --host: only a proxy reaches this port."
        ),
    ] = False,
) -> None:
    """Open the dashboard on a folder of studies.

    The printed link carries a token; without it nobody gets in, on this machine neither.
    """
    from prunescope.dashboard.launch_command import Serving, drawn_token, is_loopback

    locked = read_only or inherited_read_only()
    watch: contextlib.AbstractContextManager[Path] = contextlib.nullcontext(folder)
    if isinstance(given := cast("Path | str", folder), str):  # what the argument's parser makes
        from prunescope.object_store.watch import watched

        locked, watch = True, watched(given)
    elif folder.exists() and not folder.is_dir():
        raise BadReference(f"Expected a folder of studies, but {folder} is a file. Name a folder.")
    if models is not None and not models.is_dir():
        raise BadReference(
            f"Expected --models to name a folder, but {models} is none. Name the folder that holds "
            "what viewers may begin studies from."
        )
    if not token and not is_loopback(host) and not trust_network:
        raise BadValue(
            f"Expected --no-token only where no other machine reaches the port, but --host {host} "
            "lets everybody in. Leave --host out, or add --trust-network where only a proxy with "
            "a login reaches it."
        )
    if not locked:
        folder.mkdir(parents=True, exist_ok=True)
    with watch as place:
        serving = Serving(
            place, port, host, drawn_token() if token else None, tuple(name or ()), base, locked,
            models, jobs,
        )  # fmt: skip
        _tell(serving, is_loopback(host))
        _serve(serving, browser, page)


def _tell(serving: "Serving", near: bool) -> None:
    kind = " read-only" if serving.read_only else ""
    errors.print(f"Dashboard{kind} (Ctrl-C stops it; jobs go on):", highlight=False)
    # One line, however long, so that it can be copied.
    errors.print(serving.link(), highlight=False, markup=False, soft_wrap=True)
    if serving.token is None:
        errors.print("Without a token: whoever reaches this port is let in.", highlight=False)
    elif not near:
        errors.print(
            "Other machines reach it, and what they send is not encrypted: put a proxy with TLS "
            "in front (docs/teams.md).", highlight=False,
        )  # fmt: skip


def _serve(serving: "Serving", browser: bool, page: str) -> None:
    process = subprocess.Popen(serving.command(), env=serving.environment())
    if browser and os.environ.get("CI") is None:
        threading.Thread(target=_open, args=(serving, page, process), daemon=True).start()
    # Whoever ends this process by its number means the server.
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait(timeout=10)
        code = 0
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
    if code not in (0, -signal.SIGINT, 130, -signal.SIGTERM, 143):
        raise BadReference(
            f"Expected the dashboard to run on port {serving.port}, but it ended with code {code}. "
            "Choose another port with --port."
        )


def _open(serving: "Serving", page: str, server: subprocess.Popen[bytes]) -> None:
    """Open the browser once the server answers.

    By way of a file that only this account can read: what a browser is started with, every
    account can list.
    """
    while server.poll() is None:
        try:
            with urllib.request.urlopen(serving.link("_stcore/health"), timeout=1):  # noqa: S310
                break
        except OSError:
            time.sleep(LOOK)
    else:
        return
    target = html.escape(serving.link(page), quote=True)
    with tempfile.TemporaryDirectory(prefix="prunescope-link-") as folder:
        file = Path(folder) / "link.html"
        file.touch(0o600)
        file.write_text(f'<!doctype html><meta http-equiv="refresh" content="0; url={target}">')
        webbrowser.open(file.as_uri())
        server.wait()  # a browser that starts slowly reads it later
