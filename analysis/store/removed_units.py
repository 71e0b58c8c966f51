"""Which units a measured plan removed, by their index, as one text in its row.

A bit for each unit, as hexadecimal digits, under the group's name: 1,024 units take 256 characters,
where a list of half of their indices takes ten times as many.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.arrays import Flags
from prunescope.errors import DamagedFile
from prunescope.store.json_documents import from_json, to_json

UNKNOWN: Final = ""
"""What rows hold that were measured before indices were stored."""


@dataclass(frozen=True)
class _Removed:
    """What the text holds.

    Attributes:
        groups: Name of a group → a bit for each unit, 1 = removed, in hexadecimal digits.
    """

    groups: Mapping[str, str]


def written(removed: Mapping[str, Flags]) -> str:
    """Return the text of a row.

    Args:
        removed: Name of a group → ``(units,)`` bool, True = removed, in the dense network's order;
            empty where a plan removes no unit.
    """
    return to_json(
        _Removed({n: np.packbits(flags).tobytes().hex() for n, flags in removed.items()})
    )


def read(text: str, name: str, units: int) -> Flags | None:
    """Return which of the ``units`` of group ``name`` left, ``(units,)`` bool, True = removed.

    None where the text does not say so: nothing left by the group's own choice, the plan was
    measured before indices were stored, or another version wrote the row.
    """
    digits = _groups(text).get(name)
    if digits is None:
        return None
    try:
        octets = np.frombuffer(bytes.fromhex(digits), np.uint8)
    except ValueError:
        return None
    flags = np.unpackbits(octets).astype(bool)
    fits = len(octets) == -(-units // 8) and not flags[units:].any()
    return flags[:units] if fits else None


def indices(text: str) -> dict[str, list[int]]:
    """Return the indices of the removed units by group, from 0, ascending."""
    groups = _groups(text)
    every = {name: read(text, name, 4 * len(digits)) for name, digits in groups.items()}
    return {n: np.flatnonzero(flags).tolist() for n, flags in every.items() if flags is not None}


def _groups(text: str) -> Mapping[str, str]:
    if text == UNKNOWN:
        return {}
    try:
        return from_json(_Removed, text, "a verified plan").groups
    except DamagedFile:  # of another version
        return {}
