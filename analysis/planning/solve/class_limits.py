"""Limits on what single classes may lose, beside the limits on the whole plan. Torch-free.

``worst-class=3pt`` is of whichever class loses most of its recall, ``recall:Shirt=1pt`` of one.
Solvers know sums over layers, and such a loss is none: it is read off the logits predicted for the
whole plan (``prunescope.planning.accepted_drop``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from prunescope.errors import BadValue, UnknownName
from prunescope.planning.prediction.prediction import Prediction
from prunescope.text.allowance import Allowance
from prunescope.text.scores import PERCENT_WORDS

WORST: Final = "worst-class"
RECALL: Final = "recall:"


@dataclass(frozen=True)
class ClassLimit:
    """How much of its recall one class may lose, or every class.

    Attributes:
        limit: The most that is accepted, as a fraction of the class's samples, above 0.
        label: The class's number; None for whichever loses most.
        name: What the class is called.
    """

    limit: float
    label: int | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.limit <= 1:
            raise BadValue(
                f"Expected the limit on {self.kind} to be above 0 and at most 1, but got "
                f"{self.limit:g}. Write for example {self.kind}=3pt, for three points."
            )

    @property
    def kind(self) -> str:
        """What a user types before the equals sign."""
        return WORST if self.label is None else f"{RECALL}{self.name or self.label}"

    def __str__(self) -> str:
        who = "every class's recall" if self.label is None else f"the recall of {self.name}"
        return f"{who} down at most {PERCENT_WORDS.limit(self.limit)}"

    def loss(self, prediction: Prediction) -> float | None:
        """Return what the class is predicted to lose; None where that is not known."""
        losses = [
            recall.dense - recall.pruned
            for recall in prediction.recalls
            if self.label in (None, recall.label)
        ]
        return max(losses, default=None)

    def request(self) -> str:
        """Return the limit as a command takes it.

        >>> ClassLimit(0.03).request()
        'worst-class=0.03'
        """
        return f"{self.kind}={self.limit:.12g}"

    @classmethod
    def parse(cls, text: str, classes: Sequence[str] = (), count: int = 0) -> Self | None:
        """Return the limit that ``text`` names; None where it is about something else.

        Args:
            text: ``worst-class=3pt``, ``recall:NAME=0.01`` or ``recall:7=1pt``.
            classes: Their names, where they have any.
            count: How many classes there are.

        Raises:
            UnknownName: No such class.
            BadValue: No limit, or one in another unit than points.
        """
        kind, sign, value = text.partition("=")
        kind = kind.strip()
        if not sign or not (kind == WORST or kind.startswith(RECALL)):
            return None
        allowance = Allowance.parse(value, f"the limit on {kind}")
        if allowance.unit == "%":
            raise BadValue(
                f"Expected the limit on {kind} in points, but got {allowance}. Write for example "
                f"{kind}=3pt."
            )
        limit = PERCENT_WORDS.accepted(allowance, f"the limit on {kind}")
        if kind == WORST:
            return cls(limit)
        name = kind.removeprefix(RECALL)
        if name in classes:
            return cls(limit, classes.index(name), name)
        if name.isdecimal() and int(name) < max(count, len(classes)):
            return cls(limit, int(name), name)
        known = list(classes) or [str(label) for label in range(count)]
        raise UnknownName.among("class", name, known)
