"""Layers and groups by pattern: ``layer3.*`` stands for all whose names begin so. Torch-free."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from prunescope.errors import UnknownName

_WILD: Final = frozenset("*?[")


def is_pattern(name: str) -> bool:
    """Return whether ``name`` may stand for several.

    >>> is_pattern("layer3.*"), is_pattern("layer3.0")
    (True, False)
    """
    return bool(_WILD & set(name))


def matches(name: str, asked: str) -> bool:
    """Return whether ``asked``, a name or a pattern, stands for ``name``.

    >>> matches("layer3.0", "layer3.*"), matches("layer3.0", "layer3.0"), matches("fc", "fc1")
    (True, True, False)
    """
    return name == asked or fnmatchcase(name, asked)


def matching(names: Iterable[str], known: Sequence[str], what: str) -> tuple[str, ...]:
    """Return ``names`` with every pattern replaced by the known names that match it, each once.

    Names that are no pattern are returned as they are, and so is a known name that looks like one.

    >>> matching(["layer1.*", "fc"], ["layer1.0", "layer1.1", "fc"], "layer")
    ('layer1.0', 'layer1.1', 'fc')

    Raises:
        UnknownName: A pattern matches nothing.
    """
    chosen: list[str] = []
    for name in names:
        if not is_pattern(name) or name in known:
            chosen.append(name)
            continue
        found = [each for each in known if fnmatchcase(each, name)]
        if not found:
            raise UnknownName.among(f"{what} that matches", name, known)
        chosen += found
    return tuple(dict.fromkeys(chosen))
