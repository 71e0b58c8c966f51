"""JSON from others: bounded in size and depth, every value matched by a rule.

A rule is a function that raises ``Refusal`` unless the value is what it describes; ``struct``,
``union``, ``items`` and ``mapping`` make rules of rules, so that a format reads like its schema.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

Rule = Callable[[Any], None]

MOST_DEPTH: Final = 100
_FLOATS: Final = ("Infinity", "-Infinity", "NaN")


def parsed(content: bytes, most: int, depth: int = MOST_DEPTH) -> Any:
    """Return what the JSON in ``content`` says; a name that stands twice is refused.

    Raises:
        Refusal: It is larger than ``most`` bytes, nested deeper than ``depth``, or no JSON.
    """
    if len(content) > most:
        raise Refusal(f"it has {exact(len(content))} bytes and at most {exact(most)} are read")
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"it is no JSON ({type(error).__name__})", damage=True) from error
    _require_shallow(value, depth)
    return value


def struct(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """Return the rule for an object with these fields and no others."""
    rules = {**required, **(optional or {})}

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise Refusal(f"it is {quoted(value)} instead of an object", damage=True)
        for name in required:
            if name not in value:
                raise Refusal(f"its field {name} is missing", damage=True)
        for name, given in value.items():
            rule = rules.get(name)
            if rule is None:
                raise Refusal(f"its field {quoted(name)} is unknown to this version")
            _inside(rule, given, name)

    return check


def union(kinds: Mapping[str, Rule]) -> Rule:
    """Return the rule for an object with exactly one of these fields."""

    def check(value: Any) -> None:
        if not isinstance(value, dict) or len(value) != 1:
            raise Refusal(f"it is {quoted(value)} instead of one typed value", damage=True)
        ((kind, given),) = value.items()
        rule = kinds.get(kind)
        if rule is None:
            raise Refusal(f"it holds a value of the kind {quoted(kind)}, which is not read")
        _inside(rule, given, kind)

    return check


def items(rule: Rule, most: int = 1_000_000) -> Rule:
    """Return the rule for a list of at most ``most`` values that ``rule`` accepts."""

    def check(value: Any) -> None:
        if not isinstance(value, list) or len(value) > most:
            raise Refusal(f"it is {quoted(value)} instead of a list of at most {exact(most)}")
        for place, given in enumerate(value):
            _inside(rule, given, place)

    return check


def mapping(key: Rule, rule: Rule, most: int = 1_000_000) -> Rule:
    """Return the rule for an object whose names ``key`` accepts and whose values ``rule`` does."""

    def check(value: Any) -> None:
        if not isinstance(value, dict) or len(value) > most:
            raise Refusal(
                f"it is {quoted(value)} instead of an object of at most {exact(most)} fields"
            )
        for name, given in value.items():
            _inside(key, name, name)
            _inside(rule, given, name)

    return check


def maybe(rule: Rule) -> Rule:
    """Return the rule for what ``rule`` accepts, or null."""
    return lambda value: None if value is None else rule(value)


def integer(low: int, high: int) -> Rule:
    """Return the rule for a whole number from ``low`` to ``high``."""

    def check(value: Any) -> None:
        if type(value) is not int or not low <= value <= high:
            raise Refusal(f"it is {quoted(value)} instead of a number from {low} to {high}")

    return check


def boolean(value: Any) -> None:
    """Refuse everything but true and false."""
    if type(value) is not bool:
        raise Refusal(f"it is {quoted(value)} instead of true or false")


def number(value: Any) -> None:
    """Refuse everything but a number, or the words in which JSON writes the infinite ones."""
    if type(value) is float or (type(value) is int and abs(value) < 1 << 63):
        return
    if not isinstance(value, str) or value not in _FLOATS:
        raise Refusal(f"it is {quoted(value)} instead of a number")


def text(most: int) -> Rule:
    """Return the rule for a text of at most ``most`` letters that nobody evaluates."""

    def check(value: Any) -> None:
        if not isinstance(value, str) or len(value) > most:
            raise Refusal(
                f"it is {quoted(value)} instead of a text of at most {exact(most)} letters"
            )

    return check


def one_of(*allowed: str) -> Rule:
    """Return the rule for one of these texts."""

    def check(value: Any) -> None:
        if not isinstance(value, str) or value not in allowed:
            raise Refusal(f"it is {quoted(value)} instead of {' or '.join(allowed)}")

    return check


def _inside(rule: Rule, value: Any, place: str | int) -> None:
    try:
        rule(value)
    except Refusal as refusal:
        raise refusal.within(place) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise Refusal("a name stands twice in one object")
    return value


def _require_shallow(value: Any, depth: int) -> None:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise Refusal(f"it is nested deeper than {depth} levels")
