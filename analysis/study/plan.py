"""A plan: per layer or group a method and a sparsity."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from prunescope.errors import ForeignStudy
from prunescope.html_tables import table
from prunescope.study import Manifest, Method, check_names, pattern_of, sparsity
from prunescope.study.method import BLOCK


@dataclass(frozen=True)
class Choice:
    """How much of one layer or group is removed, and by which method.

    Attributes:
        criterion: Name of the criterion.
        granularity: ``weight``, ``channel``, ``head``, ``block`` or ``n:m``.
        sparsity: 0 to 1; 0 leaves the layer dense. A pattern has only its own, and a block 1: any
            other than 0 becomes that.
        locked: Whether bulk edits leave the choice alone.

    Raises:
        UnknownName, BadValue: No such granularity; no number from 0 to 1.
    """

    criterion: str
    sparsity: float
    granularity: str = "weight"
    locked: bool = False

    def __post_init__(self) -> None:
        value, pattern = sparsity(self.sparsity), pattern_of(self.granularity)
        if value and self.granularity == BLOCK:
            value = 1.0
        object.__setattr__(self, "sparsity", pattern.sparsity if pattern and value else value)

    @property
    def method(self) -> Method:
        """Criterion and granularity."""
        return Method(self.criterion, self.granularity)


@dataclass(frozen=True)
class Plan:
    """Choices by subject (layer or group name); subjects that are not named stay dense.

    Attributes:
        name: What the user calls it.
        fingerprint: Of the study that it was made for.
        choices: Subject → choice.
        recovery: One of ``recoveries.RECOVERIES``, applied after pruning.
        seed: Of random criteria.
        solved_as: Digest of the plan that a solver picked, among many, for its prediction; another
            one than the plan's own where it was edited since. Empty for plans made by hand.
    """

    name: str
    fingerprint: str
    choices: dict[str, Choice] = field(default_factory=dict)
    recovery: str = "none"
    seed: int = 0
    solved_as: str = ""

    @property
    def digest(self) -> str:
        """Hash of what the plan does: dense choices, locks and the name do not count."""
        active = {
            name: (choice.criterion, choice.granularity, choice.sparsity)
            for name, choice in sorted(self.active().items())
        }
        content = json.dumps([self.fingerprint, active, self.recovery, self.seed])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def solved(self) -> bool:
        """Whether a solver picked just this plan: its prediction is the best of many, so luck."""
        return bool(self.solved_as) and self.solved_as == self.digest

    def as_solved(self) -> Self:
        """Return the plan as one that a solver picked."""
        return replace(self, solved_as=self.digest)

    def with_recovery(self, recovery: str) -> Self:
        """Return the same choices followed by ``recovery``, under a name that says so.

        >>> Plan("half", "f").with_recovery("distil").name
        'half-distil'
        """
        if recovery == self.recovery:
            return self
        return replace(self, name=f"{self.name}-{recovery}", recovery=recovery, solved_as="")

    def active(self) -> dict[str, Choice]:
        """Return the choices that remove something."""
        return {name: choice for name, choice in self.choices.items() if choice.sparsity > 0}

    def setting(self, changes: Mapping[str, Choice]) -> Self:
        """Return the plan with ``changes`` in place of the choices of the same subjects."""
        return replace(self, choices={**self.choices, **changes})

    def _repr_html_(self) -> str:
        rows = [
            (name, choice.method, f"{100 * choice.sparsity:.4g} %", "yes" if choice.locked else "")
            for name, choice in self.choices.items()
        ]
        note = "" if self.recovery == "none" else f"Recovery: {self.recovery}."
        columns = ("layer or group", "method", "sparsity", "locked")
        return table(f"Plan {self.name!r}", columns, rows, [note])

    def require(self, manifest: Manifest) -> None:
        """Raise ``ForeignStudy`` or ``UnknownName`` unless the plan is made for ``manifest``."""
        if self.fingerprint != manifest.fingerprint:
            raise ForeignStudy(
                f"Expected plan {self.name!r} to be made for this study's weights and data, but "
                "its fingerprint is another. Open the study that it was made in, or set the "
                "sparsities anew."
            )
        subjects = [layer.name for layer in manifest.prunable()]
        subjects += [group.name for group in manifest.groups if group.reason is None]
        check_names("layer or group", self.choices, subjects)
