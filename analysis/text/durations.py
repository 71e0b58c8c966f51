"""Times as people write and read them: ``90s``, ``5 min``, ``1.5h``. Torch-free."""

import math
import re
from typing import Final

from prunescope.errors import BadValue

_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


def parse_seconds(text: str) -> float:
    """Return the seconds that ``text`` means.

    >>> parse_seconds("5m")
    300.0
    """
    found = _FORM.fullmatch(text.strip().lower())
    if found is None or found[2] not in _UNITS or not float(found[1]) > 0:
        raise BadValue(f"Expected a time such as 90s, 5m or 1h, but got {text!r}. Write 5m.")
    return float(found[1]) * _UNITS[found[2]]


def spoken(seconds: float) -> str:
    """Return seconds in the unit that reads best.

    >>> spoken(150)
    '2.5 min'
    """
    if not math.isfinite(seconds):
        return "an unknown time"
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.2g} s"
