"""Find the formats: in this folder, in installed packages, and those of this process. Torch-free.

``REGISTRY.register`` adds one in a running process, from a module that holds it as ``FORMAT``, so
that the fresh process can import it; see ``prunescope.extensions``.
"""

from typing import Final

from prunescope.export.formats.format import Format
from prunescope.extensions import Registry

REGISTRY: Final[Registry[Format]] = Registry(
    "export format", "prunescope.export.formats", "FORMAT", "prunescope.formats", Format
)


def export_formats() -> tuple[Format, ...]:
    """Return all formats in the order of lists."""
    return REGISTRY.all()


def format_names() -> tuple[str, ...]:
    """Return their names in the order of lists."""
    return REGISTRY.names()


def usual_formats() -> tuple[str, ...]:
    """Return the names of those that are written unless others are asked for."""
    return tuple(each.name for each in export_formats() if each.usual)


def export_format(name: str) -> Format:
    """Return the format ``name``, or raise ``UnknownName`` with the closest names."""
    return REGISTRY.named(name)


def format_title(name: str) -> str:
    """Return what people read of a format; its name where this installation lacks it."""
    return next((each.title for each in export_formats() if each.name == name), name)
