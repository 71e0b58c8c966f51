"""The command that opens the dashboard."""

import sys
from pathlib import Path
from typing import Final

DEFAULT_PORT: Final = 8501
APP: Final = Path(__file__).with_name("app.py")


def command(folder: Path, port: int = DEFAULT_PORT) -> list[str]:
    """Return the command that serves the dashboard over the studies in ``folder``.

    It listens on this machine only; the other settings lie beside ``app.py``, where Streamlit
    reads them wherever it is started from.

    Args:
        folder: A study, or a folder of studies; need not exist yet.
        port: Local port.
    """
    return [
        sys.executable, "-P", "-m", "streamlit", "run", str(APP),
        "--server.address", "127.0.0.1", "--server.port", str(port),
        "--", str(folder.resolve()),
    ]  # fmt: skip
