"""What the goal's controls ask for, as values. No Streamlit."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prunescope.commands import MakePlan, Pareto
from prunescope.curves.curve import CurveKey, Curves
from prunescope.planning.solve import Goal, Target
from prunescope.planning.solve.class_limits import ClassLimit
from prunescope.planning.solve.goal import COSTS
from prunescope.study import Method, is_control
from prunescope.study.method import UNITS
from prunescope.study.plan import Choice, Plan
from prunescope.text.numbers import capitalised
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

_SHORT: Final = {"macs": "MACs", "bytes": "Bytes, dense", "sparse-bytes": "Bytes, bit mask"}
_ORDER: Final = (
    "macs", "parameters", "latency", "compressed-bytes", "bytes", "memory", "sparse-bytes",
    "nonzero-macs", "stored",
)  # fmt: skip
BUDGETS: Final[dict[str, str]] = {
    kind: _SHORT.get(kind, capitalised(COSTS[kind])) for kind in _ORDER
}
"""What a budget can be set on, in the order in which it is offered."""

OBJECTIVES: Final[dict[str, str]] = {
    "divergence": "KL to the dense model", "cross-entropy": "Cross-entropy", "drop": "Drop",
}  # fmt: skip

_SOLID: Final = frozenset({"macs", "bytes", "stored", "latency", "memory"})
"""Costs that only leaving units lower."""


@dataclass(frozen=True)
class GoalForm:
    """A goal as the page asks for it.

    Attributes:
        budgets: Cost → percent of the dense network's, above 0.
        drop: Accepted drop, as stored, or None for any.
        objective: A key of ``OBJECTIVES``.
        recovery: Of curves and plan.
        round_to: Units kept are multiples.
        locks: The draft's locked choices.
        bounds: Subject → least and largest sparsity in percent.
        excluded: Subjects that stay dense.
        methods: Which may be taken; empty for all measured ones.
        setting: Of the latency table; empty for the first.
        words: Of the study's metric.
        worst_class: What any class's recall may drop, from 0 to 1, or None for any.
    """

    budgets: Mapping[str, float] = field(default_factory=dict)
    drop: float | None = None
    objective: str = "divergence"
    recovery: str = "none"
    round_to: int = 1
    locks: Mapping[str, Choice] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    setting: str = ""
    words: ScoreWords = PERCENT_WORDS
    worst_class: float | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is asked: no budget, or all at the dense network's."""
        return all(percent >= 100 for percent in self.budgets.values())

    def goal(self) -> Goal:
        """Return the goal to solve for."""
        targets = [Target(kind, percent / 100) for kind, percent in self.budgets.items()]
        if self.drop is not None:
            targets.append(Target("drop", self.drop))
        return Goal(
            tuple(targets), self.objective, self.recovery, locks=dict(self.locks),
            bounds={name: (low / 100, high / 100) for name, (low, high) in self.bounds.items()},
            excluded=self.excluded, methods=tuple(map(Method.parse, self.methods)),
            round_to=self.round_to,
            class_limits=() if self.worst_class is None else (ClassLimit(self.worst_class),),
        )  # fmt: skip

    def limits(self) -> dict[str, float]:
        """Return the limits by target."""
        found = {kind: percent / 100 for kind, percent in self.budgets.items()}
        return found if self.drop is None else {**found, "drop": self.drop}

    def key(self) -> str:
        """Return what a prepared problem depends on: everything but the limits."""
        locks = {
            name: (choice.criterion, choice.granularity, choice.sparsity)
            for name, choice in sorted(self.locks.items())
        }
        kinds = [*self.budgets, *(["drop"] if self.drop is not None else [])]
        return json.dumps(
            [kinds, self.objective, self.recovery, self.round_to, locks,
             sorted(self.bounds.items()), sorted(self.excluded), self.methods, self.setting,
             self.worst_class]
        )  # fmt: skip

    def front(self) -> Pareto:
        """Return the request that sweeps the front over the first budget."""
        first, *others = self.budgets
        return Pareto(cost=first, **self._options(others))

    def candidates(self, count: int, name: str) -> MakePlan:
        """Return the request that measures the best ``count`` plans."""
        return MakePlan(verify=count, name=name, **self._options(list(self.budgets)))

    def _options(self, kinds: Sequence[str]) -> dict[str, Any]:
        """What is asked, as fields of ``GoalOptions``, with the budgets on ``kinds``."""
        targets = [f"{kind}={self.budgets[kind] / 100:g}" for kind in kinds]
        if self.drop is not None:
            targets.append(f"drop={self.words.plain_drop(self.drop):g}")
        if self.worst_class is not None:
            targets.append(ClassLimit(self.worst_class).request())
        return {
            "target": tuple(targets),
            "lock": tuple(f"{n}={c.method}:{c.sparsity:g}" for n, c in self.locks.items()),
            "bound": tuple(
                f"{n}={low / 100:g}:{high / 100:g}" for n, (low, high) in self.bounds.items()
            ),
            "exclude": self.excluded,
            "methods": self.methods,
            "round_to": self.round_to,
            "objective": self.objective,
            "recovery": self.recovery,
            "runtime": self.setting,
        }


def amount(objective: str, value: float, words: ScoreWords = PERCENT_WORDS) -> str:
    """Return a value of an objective with its unit.

    >>> amount("drop", 0.0125), amount("divergence", 0.0908), amount("divergence", float("nan"))
    ('1.25 pt', '0.0908 nats', '–')
    """
    if objective == "drop" or math.isnan(value):
        return words.drop(value)
    return f"{value:.3g} nats"


def offered(known: Curves, latency: bool, memory: bool) -> list[str]:
    """Return the costs that a budget can be set on, the ones that this study can lower first."""
    grouped = any(key.method.granularity in UNITS for key in known)
    order = [kind for kind in BUDGETS if grouped or kind not in _SOLID]
    order = [kind for kind in order if kind != "latency" or latency]
    return [kind for kind in order if (kind != "memory" or memory) and kind in COSTS]


def recoveries(known: Mapping[CurveKey, object]) -> list[str]:
    """Return the recoveries that were measured, none first."""
    found = {key.recovery for key in known}
    return sorted(found, key=lambda name: (name != "none", name)) or ["none"]


def methods(known: Mapping[CurveKey, object], recovery: str) -> list[str]:
    """Return the methods that a solver may take with ``recovery``, controls left out."""
    found = [
        str(key.method)
        for key in known
        if key.recovery == recovery and not is_control(key.method.criterion)
    ]
    return list(dict.fromkeys(found))


def differing(plan: Plan, other: Plan, most: int = 3) -> str:
    """Return in what two plans differ, for people."""
    names: Sequence[str] = sorted(plan.active().keys() | other.active().keys())
    found = []
    for name in names:
        before, after = plan.active().get(name), other.active().get(name)
        if before != after:
            value = f"{100 * after.sparsity:.4g} %" if after else "dense"
            found.append(f"{name} {value}")
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
