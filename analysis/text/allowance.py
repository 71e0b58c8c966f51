"""What somebody accepts to lose, read from how it is written. Torch-free."""

import math
import re
from dataclasses import dataclass
from typing import Final

from prunescope.errors import BadValue

OF_DENSE: Final = "%"
"""The unit of an allowance that is a share of the dense score."""
_LIMIT: Final = re.compile(r"([-+.\deE]*\d)\s*(%|[a-zA-Z][a-zA-Z ]*)?")


@dataclass(frozen=True)
class Allowance:
    """What somebody accepts to lose, as it was written: a number and its unit.

    Attributes:
        number: As written.
        unit: ``%`` for per cent of the dense score; ``pt``; the metric's unit; or empty.
    """

    number: float
    unit: str = ""

    @staticmethod
    def parse(text: str | float, what: str = "limit") -> "Allowance":
        """Return what ``text`` means; a number alone is in the metric's unit, 0.01 for one point.

        >>> Allowance.parse("2%"), Allowance.parse(0.02)
        (Allowance(number=2.0, unit='%'), Allowance(number=0.02, unit=''))

        Raises:
            BadValue: No number that is at least 0, with or without a unit.
        """
        match = _LIMIT.fullmatch(str(text).strip())
        try:
            number = float(match[1]) if match else math.nan
        except ValueError:
            number = math.nan
        if match is None or not 0 <= number < math.inf:
            raise BadValue(
                f"Expected {what} to be a number from 0 on, with or without a unit, but got "
                f"{text!r}. Write 0.02 or 2pt for two points, or 2% for two per cent of the dense "
                "score."
            )
        return Allowance(number, (match[2] or "").strip())

    def __str__(self) -> str:
        return f"{self.number:g}{self.unit}"
