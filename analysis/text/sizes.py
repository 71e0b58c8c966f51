"""Sizes as people write them: ``500MB``, ``2 GB``. Torch-free."""

import re
from typing import Final

from prunescope.errors import BadValue

_UNITS: Final = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_FORM: Final = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]*)")


def size_from(given: int | str | None) -> int | None:
    """Return the bytes that ``given`` means, a number or text such as ``500MB``; None for none.

    >>> size_from("1.5 GB"), size_from(0), size_from(None)
    (1500000000, 0, None)

    Raises:
        BadValue: It is no size.
    """
    if given is None:
        return None
    match = _FORM.fullmatch(str(given).strip().lower())
    if match is None or match[2] not in _UNITS:
        raise BadValue(f"Expected a size such as 500MB or 2GB, but got {given!r}. Write 500MB.")
    return int(float(match[1]) * _UNITS[match[2]])
