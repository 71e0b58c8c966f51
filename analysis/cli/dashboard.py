"""``dashboard``: open the browser on studies."""

import os
import subprocess
import threading
import time
import urllib.request
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from prunescope.cli.terminal import errors
from prunescope.errors import BadReference

LOOK: Final = 0.2
"""Seconds between two looks at a server or a job that is about to begin."""
FolderArgument = Annotated[
    Path, typer.Argument(metavar="[FOLDER]", help="A folder of studies, or one study.")
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
) -> None:
    """Open the dashboard on a folder of studies."""
    from prunescope.dashboard.command import command

    if folder.exists() and not folder.is_dir():
        raise BadReference(f"Expected a folder of studies, but {folder} is a file. Name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    address = f"http://localhost:{port}"
    errors.print(f"Dashboard on {address} (Ctrl-C stops it; jobs go on).")
    process = subprocess.Popen(command(folder.resolve(), port))
    if browser and os.environ.get("CI") is None:
        threading.Thread(target=_open, args=(address, page, process), daemon=True).start()
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait(timeout=10)
        code = 0
    if code not in (0, -2, 130):
        raise BadReference(
            f"Expected the dashboard to run on port {port}, but it ended with code {code}. "
            "Choose another port with --port."
        )


def _open(address: str, page: str, server: subprocess.Popen[bytes]) -> None:
    """Open the browser once the server answers."""
    while server.poll() is None:
        try:
            health = f"{address}/_stcore/health"
            with urllib.request.urlopen(health, timeout=1):  # noqa: S310 - our own server
                break
        except OSError:
            time.sleep(LOOK)
    else:
        return
    webbrowser.open(f"{address}/{page}")
