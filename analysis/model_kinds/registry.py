"""Find the kinds of models: in this folder, in installed packages, and those of this process.

``REGISTRY.register(MyKind())`` adds one in a notebook; see ``prunescope.extensions``. Torch-free.
"""

from typing import Final

from prunescope.extensions import Registry
from prunescope.model_kinds.kind import ModelKind

REGISTRY: Final[Registry[ModelKind]] = Registry(
    "kind of model", "prunescope.model_kinds", "KIND", "prunescope.models", ModelKind
)
FILES: Final = ("path/to/file.py:function", "package.module:function", "file.pt2")
"""The other forms of a reference to a model."""


def kind_of(reference: str) -> tuple[ModelKind, str] | None:
    """Return the kind that ``reference`` begins with, and the name behind it; None for a file.

    >>> kind, name = kind_of("torchvision:resnet18")
    >>> kind.name, name
    ('torchvision', 'resnet18')
    >>> kind_of("nets/mine.py:build") is None
    True
    """
    prefix, colon, name = reference.partition(":")
    kind = next((kind for kind in REGISTRY.all() if kind.name == prefix), None) if colon else None
    return None if kind is None else (kind, name)


def forms() -> str:
    """Return every form of a reference to a model, for help and errors."""
    return ", ".join([*(kind.form for kind in REGISTRY.all()), *FILES])
