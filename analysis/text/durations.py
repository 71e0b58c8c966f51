"""Times as people write and read them: ``90s``, ``5 min``, ``1.5h``. Torch-free."""

import math
import re
from typing import Final

from prunescope.errors import BadValue
from prunescope.study.bounds import SECONDS

_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_FORM: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


def parse_seconds(text: str) -> float:
    """Return the seconds that ``text`` means; raises ``BadValue`` where it is no time to spend.

    >>> parse_seconds("5m")
    300.0
    """
    found = _FORM.fullmatch(text.strip().lower())
    if found is None or found[2] not in _UNITS or not float(found[1]) > 0:
        raise BadValue(f"Expected a time such as 90s, 5m or 1h, but got {text!r}. Write 5m.")
    return SECONDS.checked(float(found[1]) * _UNITS[found[2]])


def seconds_from(budget: float | str | None) -> float | None:
    """Return the seconds that a budget means, a number or text such as ``5m``; None for no end.

    >>> seconds_from("1h"), seconds_from(20), seconds_from(None)
    (3600.0, 20, None)

    Raises:
        BadValue: It is no time to spend.
    """
    if budget is None:
        return None
    return parse_seconds(budget) if isinstance(budget, str) else SECONDS.checked(budget)


def spoken(seconds: float | None) -> str:
    """Return a duration in the largest unit that counts, with the next one.

    >>> spoken(0.25), spoken(4.2), spoken(75), spoken(7300), spoken(None)
    ('0.25 s', '4 s', '1 min 15 s', '2 h 1 min', '–')
    """
    if seconds is None or math.isnan(seconds):
        return "–"
    if math.isinf(seconds):
        return "an unknown time"
    whole = max(round(seconds), 0)
    if 0 < seconds < 1:
        return f"{seconds:.2g} s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
