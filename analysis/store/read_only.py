"""Whether this process may change studies at all. Torch-free.

An environment variable, so that every process that one starts inherits it: whatever a viewer of a
read-only dashboard finds to press, nothing on the disk changes.
"""

import os
from pathlib import Path
from typing import Final

from prunescope.errors import ReadOnly

READ_ONLY: Final = "PRUNESCOPE_READ_ONLY"
"""Environment variable; ``1`` lets nothing be written."""


def read_only() -> bool:
    """Return whether studies may only be read."""
    return os.environ.get(READ_ONLY, "") not in ("", "0")


def require_writable(what: str | Path) -> None:
    """Raise ``ReadOnly``, naming ``what`` would change, where studies may only be read."""
    if read_only():
        name = what.name if isinstance(what, Path) else what
        raise ReadOnly(
            f"Expected studies that may be changed, but this dashboard is read-only, so {name} "
            "stays as it is. Ask its owner, or work on a copy of the study."
        )
