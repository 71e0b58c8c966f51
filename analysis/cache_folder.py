"""Where this account keeps what can be made again. Torch-free."""

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Return the folder of this account's cache for ``name``, made or not."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "prunescope" / name
