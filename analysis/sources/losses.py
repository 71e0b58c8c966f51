"""A loss from its reference: one that comes with Prunescope, or the user's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor

from prunescope.errors import BadValue, UnknownName
from prunescope.losses.automatic import Automatic
from prunescope.losses.registry import REGISTRY
from prunescope.sources.functions import find_function, is_function, require_kept, source_hash
from prunescope.user_code.guard import guarded


@dataclass(frozen=True)
class Loss:
    """What gradients and training are taken of.

    Attributes:
        name: As the user wrote it.
        value: ``(outputs, targets) → ()``, the mean loss of a batch.
        identity: Hash of the user's function, or the name; empty for the usual loss.
    """

    name: str
    value: Callable[[Any, Any], Tensor]
    identity: str = ""


USUAL: Final = Loss("automatic", Automatic().value)
_OF_VALUES: Final = Loss("automatic", Automatic(bits=False).value)


def load_loss(reference: str, has_classes: bool = True) -> Loss:
    """Return the loss that ``reference`` names; the usual one for an empty name.

    Args:
        reference: A name or ``file.py:function``.
        has_classes: Whether the study's metric reads class logits; else real targets are values,
            though they be 0 and 1.

    Raises:
        UnknownName: No such loss.
        BadReference: The user's function cannot be found.
    """
    if not reference:
        return USUAL if has_classes else _OF_VALUES
    require_kept("loss", reference)
    if is_function(reference):
        function = find_function("loss", reference)
        return Loss(reference, _checked(reference, function), source_hash(function))
    if reference not in REGISTRY.names():
        raise UnknownName.among("loss", reference, [*REGISTRY.names(), "file.py:function"])
    definition = REGISTRY.named(reference)
    return Loss(definition.name, definition.value, definition.name)


def _checked(name: str, function: Callable[..., Any]) -> Callable[[Any, Any], Tensor]:
    """``function`` as a scalar loss; one value per sample is averaged."""

    def value(outputs: Any, targets: Any) -> Tensor:
        with guarded(
            f"loss {name} to take the outputs", "Mend the function.", doing=f"loss {name}"
        ):
            result = function(outputs, targets)
        if not isinstance(result, Tensor) or not result.is_floating_point() or result.ndim > 1:
            got = tuple(result.shape) if isinstance(result, Tensor) else type(result).__name__
            raise BadValue(
                f"Expected loss {name} to return a real tensor, a scalar or one value per sample, "
                f"but got {got}. Return the batch's mean."
            )
        return result.mean()

    return value
