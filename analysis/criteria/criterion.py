"""What a criterion is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from prunescope.capture.network import Network
from prunescope.criteria.evidence import Evidence

WeightScores = Callable[[Evidence], Mapping[str, Tensor]]
UnitScores = Callable[[Evidence], Mapping[str, Tensor]]


@dataclass(frozen=True)
class Model:
    """What a criterion may ask of a model before it scores anything.

    Attributes:
        network: The dense network.
        loss_problem: Why no gradient of the study's loss can be taken, or None.
    """

    network: Network
    loss_problem: str | None = None


def always(model: Model) -> None:
    """Return None: every model can use the criterion."""


def without_graph(model: Model) -> str | None:
    """Return why a criterion that follows activations through a graph cannot score ``model``."""
    network = model.network
    return None if network.captured is not None else f"it needs a graph, but {network.problem}"


def without_loss(model: Model) -> str | None:
    """Return why a criterion that takes gradients of the loss cannot score ``model``."""
    if model.loss_problem is None:
        return None
    return f"it needs the gradient of a loss, and there is none: {model.loss_problem}"


@dataclass(frozen=True)
class Criterion:
    """A named rule that gives every weight, or every unit of a group, an importance.

    Higher = keep. A criterion may know weights, units or both.

    Attributes:
        name: As on the command line.
        title: As people call it.
        definition: One sentence with the formula.
        source: Paper and section.
        needs: ``weights``, ``inputs`` (calibration inputs) or ``labels`` (and class logits).
        weights: Evidence → parameter name → score, shaped like the weight, for every prunable
            layer at once; None when it does not score single weights.
        units: Evidence → group name → ``(units,)`` score, for every group of the evidence that
            the criterion can score; None when it scores no units.
        unit_definition: The formula for units, in one sentence.
        per_row: Whether weights compete within their output row instead of the whole layer.
        seeded: Whether the score depends on the seed.
        unusable: Model → why it cannot use the criterion, or None.
        shuffles: The criterion whose weight scores this one deals out anew, or empty.
    """

    name: str
    title: str
    definition: str
    source: str
    needs: str
    weights: WeightScores | None = None
    units: UnitScores | None = None
    unit_definition: str = ""
    per_row: bool = False
    seeded: bool = False
    unusable: Callable[[Model], str | None] = always
    shuffles: str = ""
