"""What the user asks for: budgets, an objective to minimise within them, and locks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from prunescope.errors import BadValue, UnknownName
from prunescope.planning.solve.class_limits import ClassLimit
from prunescope.planning.solve.metric_limits import MetricLimit
from prunescope.study import Method
from prunescope.study.plan import Choice
from prunescope.text.allowance import Allowance
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

COSTS: Final[dict[str, str]] = {
    "parameters": "non-zero parameters",
    "stored": "parameters in tensors",
    "bytes": "bytes, dense tensors",
    "sparse-bytes": "bytes, bit mask and values",
    "compressed-bytes": "bytes, deflated",
    "macs": "MACs, dense runtime",
    "nonzero-macs": "MACs by non-zero weights",
    "latency": "latency",
    "memory": "peak memory",
}
"""What a plan can save: name → words."""

DAMAGES: Final[dict[str, str]] = {
    "divergence": "KL(dense ‖ pruned), nats",
    "cross-entropy": "increase of the cross-entropy, nats",
    "drop": "drop of the score",
}
"""What a plan can lose: name → words."""

ROUNDINGS: Final = (1, 4, 8, 16, 32)
_ALIASES: Final = {
    "kl": "divergence", "ce": "cross-entropy", "entropy": "cross-entropy", "params": "parameters",
    "size": "bytes", "download": "compressed-bytes",
}  # fmt: skip
_NUMBER: Final = re.compile(r"([-+.\deE]*\d)\s*(%|ms|us|s|[kKMGT]?B|[kKMGT]|pt)?")
_DROP: Final = "the target on drop"
_UNITS: Final = {
    "%": 0.01, "ms": 1e-3, "us": 1e-6, "s": 1.0, "pt": 0.01, "B": 1.0,
    **{prefix + tail: size for prefix, size in
       (("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)) for tail in ("", "B")},
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """An upper bound on one cost or damage of the whole plan.

    Attributes:
        kind: A key of ``COSTS``, or of ``DAMAGES``.
        limit: The most that is accepted.
        relative: Whether ``limit`` is a fraction of the dense model's; damages are absolute.
    """

    kind: str
    limit: float
    relative: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", parse_kind(self.kind))
        if self.kind in DAMAGES:
            object.__setattr__(self, "relative", False)
        top = 1.0 if self.relative else float("inf")
        if not 0 < self.limit <= top:
            raise BadValue(
                f"Expected the target on {self.kind} to be above 0"
                f"{' and at most 1, the dense model' if self.relative else ''}, but got "
                f"{self.limit:g}. Write for example {self.kind}=0.5."
            )

    def __str__(self) -> str:
        return self.in_words(PERCENT_WORDS)

    def in_words(self, words: ScoreWords) -> str:
        """Return the target as people read it, in the words of the study's metric."""
        if self.kind == "drop":
            return f"{words.loss_word} ≤ {words.limit(self.limit)}"
        value = f"{100 * self.limit:g} %" if self.relative else f"{self.limit:g}"
        return f"{self.kind} ≤ {value}"


@dataclass(frozen=True)
class Goal:
    """Targets and what may be changed to meet them.

    Attributes:
        targets: Upper bounds, any several at once, each kind once.
        objective: What is minimised: a key of ``DAMAGES``, or of ``COSTS`` (then a damage
            should be among the targets).
        recovery: Of the plan, and of the curves that are used.
        seed: Of random criteria.
        locks: Subject → choice that stays; a dense one keeps the subject whole.
        bounds: Subject → (least, largest) sparsity.
        excluded: Subjects that stay dense.
        methods: Which methods may be taken; empty for all measured ones but ``random``, which
            is a control.
        round_to: Units that groups keep are multiples of this.
        between: Whether a few subjects may get a sparsity between two measured ones, to use up
            leftover budget; else only measured sparsities are taken.
        class_limits: What single classes may lose, whatever the score does.
        metric_limits: What may be lost by metrics that the study stores beside the drawn one.
        by_others: Whether the target on the drop only stands for these: nobody asked for one, and
            solvers move it until classes and metrics are within theirs.
        extrapolate: Whether subjects may be pruned past their last measured point, where what
            they lose is a guess. A lock may be anywhere.
    """

    targets: tuple[Target, ...] = ()
    objective: str = "divergence"
    recovery: str = "none"
    seed: int = 0
    locks: Mapping[str, Choice] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    round_to: int = 1
    between: bool = True
    extrapolate: bool = False
    class_limits: tuple[ClassLimit, ...] = ()
    metric_limits: tuple[MetricLimit, ...] = ()
    by_others: bool = False

    def __post_init__(self) -> None:
        if self.side_limits and all(target.kind != "drop" for target in self.targets):
            object.__setattr__(self, "targets", (*self.targets, Target("drop", 1.0)))
            object.__setattr__(self, "by_others", True)
        object.__setattr__(self, "objective", parse_kind(self.objective))
        if self.round_to not in ROUNDINGS:
            raise BadValue(
                f"Expected rounding to be one of {', '.join(map(str, ROUNDINGS))}, but got "
                f"{self.round_to}. Choose one of them."
            )
        kinds = [target.kind for target in self.targets]
        for kind in kinds:
            if kinds.count(kind) > 1:
                raise BadValue(
                    f"Expected one target on {kind}, but got {kinds.count(kind)}. Keep the "
                    "tightest."
                )
        for name, (low, high) in self.bounds.items():
            if not 0 <= low <= high <= 1:
                raise BadValue(
                    f"Expected bounds of {name} from 0 to 1, the least first, but got {low:g} to "
                    f"{high:g}. Turn them round."
                )

    @property
    def side_limits(self) -> tuple[ClassLimit | MetricLimit, ...]:
        """What is neither a cost nor a sum over layers: limits on classes and on other metrics."""
        return (*self.class_limits, *self.metric_limits)

    @property
    def asked(self) -> tuple[Target, ...]:
        """The targets that somebody asked for."""
        return tuple(t for t in self.targets if not (self.by_others and t.kind == "drop"))


def parse_kind(text: str) -> str:
    """Return the cost or damage that ``text`` names, aliases such as ``kl`` included.

    >>> parse_kind("kl"), parse_kind("macs")
    ('divergence', 'macs')
    """
    name = text.strip().lower().replace("_", "-")
    name = _ALIASES.get(name, name)
    if name not in COSTS and name not in DAMAGES:
        raise UnknownName.among("cost", text, (*COSTS, *DAMAGES))
    return name


def parse_target(text: str, words: ScoreWords = PERCENT_WORDS) -> Target:
    """Return the target that ``text`` names: a fraction of dense, percent, or a value with unit.

    A drop is in the unit of the metric that ``words`` are about, or per cent of the dense score.

    >>> parse_target("macs=0.5"), parse_target("bytes=1.5MB").limit, parse_target("drop=1pt").limit
    (Target(kind='macs', limit=0.5, relative=True), 1500000.0, 0.01)
    """
    name, sign, value_text = text.partition("=")
    kind = parse_kind(name)
    if kind == "drop" and sign:
        return Target(kind, words.accepted(Allowance.parse(value_text, _DROP), _DROP))
    match = _NUMBER.fullmatch(value_text.strip()) if sign else None
    try:
        number = float(match[1]) if match else float("nan")
    except ValueError:
        number = float("nan")
    if match is None or number != number:
        raise BadValue(
            f"Expected a target like macs=0.5, bytes=1.5MB or latency=4ms, but got {text!r}. "
            "Write the cost, an equals sign and a value."
        )
    unit = match[2]
    value = number * _UNITS.get(unit or "", 1.0)
    relative = unit == "%" or (unit is None and number <= 1)
    return Target(kind, value, relative)
