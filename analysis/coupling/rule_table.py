"""The operator table: ATen name → coupling rule. An operator that is not here blocks."""

from collections.abc import Callable
from typing import Final

from prunescope.coupling.walk import Rule

RULES: Final[dict[str, Rule]] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for the ATen operators ``names`` (schema names without overload)."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register
