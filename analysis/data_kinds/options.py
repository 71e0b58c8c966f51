"""What follows a reference to data as ``?option=value&…``, checked against the kind's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from prunescope.errors import BadValue, UnknownName

COUNTS: Final[Mapping[str, int]] = {"calibration": 1024, "validation": 2048, "test": 2048}
"""Samples of each split at most, by default."""


@dataclass(frozen=True)
class Options:
    """All options of a kind with their values.

    Attributes:
        values: By name; whole numbers and text as their defaults are.
        typed: Names of those that do not stand at their defaults by themselves.
    """

    values: Mapping[str, int | str]
    typed: frozenset[str] = frozenset()

    def count(self, name: str) -> int:
        """Return a whole number."""
        value = self.values[name]
        assert isinstance(value, int)
        return value

    def with_counts(self, **counts: int) -> Options:
        """Return the options with other sizes of splits."""
        return Options({**self.values, **counts}, self.typed | set(counts))

    def text(self, name: str) -> str:
        """Return text; empty where none was given."""
        return str(self.values[name])

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return numbers written as ``0.5,0.5,0.5``; none where none were given.

        Raises:
            BadValue: Something else is written there.
        """
        try:
            return tuple(float(part) for part in self.text(name).split(",") if part)
        except ValueError:
            raise BadValue(
                f"Expected {name} to be numbers with commas, but got {self.text(name)!r}. Write "
                f"for example {name}=0.5,0.5,0.5."
            ) from None


def read_options(kind: str, form: str, query: str, defaults: Mapping[str, int | str]) -> Options:
    """Return the options that ``query`` gives, and the defaults of the others.

    Args:
        kind: What they are options of, for errors.
        form: How a reference is written, for errors.
        query: Such as ``size=96&validation=500``.
        defaults: Of all that there are; a whole number asks for one of at least 0.

    Raises:
        UnknownName: There is no such option.
        BadValue: A value is no number where one is asked for.

    >>> read_options("mine", "mine:DIR", "size=96", {"size": 224, "root": ""}).values
    {'size': 96, 'root': ''}
    """
    values, typed = dict(defaults), set[str]()
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in defaults:
            raise UnknownName.among(f"option of {kind}", name, list(defaults))
        typed.add(name)
        if isinstance(defaults[name], str):
            values[name] = value
            continue
        least = 0 if name == "seed" else 1
        if not value.isdecimal() or int(value) < least or len(value) > 12:
            raise BadValue(
                f"Expected {name} to be a whole number of at least {least}, but got {value!r}. "
                f"Write for example {form}?{name}={defaults[name]}."
            )
        values[name] = int(value)
    return Options(values, frozenset(typed))
