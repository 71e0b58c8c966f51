"""The operator table: ATen name → coupling rule. An operator that is not here blocks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from torch import fx

if TYPE_CHECKING:
    from prunescope.coupling.labels import Dim
    from prunescope.coupling.walk import Walk

Value: TypeAlias = "tuple[Dim, ...] | list[Any] | None"
"""The dimensions of a tensor, the values of a list of tensors, or None for a number."""

Rule: TypeAlias = "Callable[[Walk, fx.Node], Value]"

RULES: Final[dict[str, Rule]] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register a rule for the ATen operators ``names`` (schema names without overload)."""

    def register(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return register
