"""What a loss is: one number that is differentiated, of outputs and targets.

An example, whole, in a file of its own::

    class Hinge(LossDefinition):
        name = "hinge"
        rank = 60

        def value(self, outputs, targets):
            return (1 - outputs * (2 * targets - 1)).clamp(min=0).mean()

    LOSS = Hinge()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class LossDefinition(Protocol):
    """A loss that can be asked for by name. Derive from it.

    Attributes:
        name: What a user types.
        rank: Place in lists; equal ones go by name.
    """

    name: str
    rank: int

    def value(self, outputs: Any, targets: Any) -> Tensor:
        """Return the mean loss of a batch, a scalar with its gradient.

        Args:
            outputs: What the model returned.
            targets: Of the same samples.

        Raises:
            DataMismatch: They do not go together.
        """
        ...
