"""``dashboard`` and ``demo``: open the browser on studies."""

import os
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from analysis.cli.terminal import errors
from analysis.errors import BadReference

FolderArgument = Annotated[
    Path, typer.Argument(metavar="[FOLDER]", help="A folder of studies, or one study.")
]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535)]
BrowserOption = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
]


def dashboard(
    folder: FolderArgument = Path("studies"), port: PortOption = 8501, browser: BrowserOption = True
) -> None:
    """Open the dashboard on a folder of studies."""
    from dashboard.launch import command

    if folder.exists() and not folder.is_dir():
        raise BadReference(f"Expected a folder of studies, but {folder} is a file. Name a folder.")
    folder.mkdir(parents=True, exist_ok=True)
    address = f"http://localhost:{port}"
    errors.print(f"Dashboard on {address} (Ctrl-C stops it; jobs go on).")
    process = subprocess.Popen(command(folder.resolve(), port))
    if browser and os.environ.get("CI") is None:
        webbrowser.open(address)
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


def demo(
    folder: FolderArgument = Path("studies"),
    model: Annotated[str, typer.Option("--model", help="A sample model.")] = "lenet5",
    port: PortOption = 8501,
    browser: BrowserOption = True,
    open_dashboard: Annotated[
        bool, typer.Option("--dashboard/--no-dashboard", help="Open it at the end.")
    ] = True,
) -> None:
    """Sweep a sample model on real data, then open the dashboard on its curves."""
    arguments = [
        "sweep", f"sample:{model}", "--data", "sample:fashion-mnist",
        "--methods", "magnitude,taylor,wanda,random",
        "--sparsities", "0.1:0.9:0.1,0.95", "--study", str(folder / f"demo-{model}"),
    ]  # fmt: skip
    errors.print("prunescope " + " ".join(arguments), highlight=False)
    code = subprocess.run(
        [sys.executable, "-m", "analysis.cli", *arguments], check=False
    ).returncode
    if code:
        raise typer.Exit(code)
    if open_dashboard:
        dashboard(folder, port, browser)
