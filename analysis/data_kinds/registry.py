"""Find the kinds of data: in this folder, in installed packages, and those of this process.

``REGISTRY.register(MyKind())`` adds one in a notebook; see ``prunescope.extensions``. Torch-free.
"""

from pathlib import Path
from typing import Final

from prunescope.data_kinds.kind import DataKind
from prunescope.extensions import Registry

REGISTRY: Final[Registry[DataKind]] = Registry(
    "kind of data", "prunescope.data_kinds", "KIND", "prunescope.data", DataKind
)
FILES: Final = ("file.npz", "file.safetensors", "file.py:function")
"""The other forms of a reference to data."""


def data_kind_of(reference: str) -> tuple[DataKind, str, str] | None:
    """Return the kind that ``reference`` begins with, the name and the options behind it.

    >>> kind, name, query = data_kind_of("imagefolder:pictures?size=96")
    >>> kind.name, name, query
    ('imagefolder', 'pictures', 'size=96')
    >>> data_kind_of("nets/mine.py:splits") is None
    True
    """
    prefix, colon, rest = reference.partition(":")
    kind = next((kind for kind in REGISTRY.all() if kind.name == prefix), None) if colon else None
    name, _, query = rest.partition("?")
    return None if kind is None else (kind, name, query)


def data_path(reference: str) -> Path | None:
    """Return the file or folder that a reference by kind names; None where it names none."""
    named = data_kind_of(reference)
    return None if named is None else named[0].path(named[1])


def forms() -> str:
    """Return every form of a reference to data, for help and errors."""
    return ", ".join([*(kind.form for kind in REGISTRY.all()), *FILES])
