"""What is studied: model, data, metric and their fingerprint, and the words for sparsity, method.

A study is a folder (see ``analysis.store``); its ``study.json`` is a ``Manifest``. Torch-free.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from analysis.errors import BadValue, UnknownName

GRANULARITIES: Final = ("weight", "channel", "head")
SCHEMA: Final = 1
MEASUREMENT_VERSION: Final = 1
"""Part of every measurement's key: raised when the engine would measure something else."""

_DIGITS: Final = 4


def sparsity(value: float | str) -> float:
    """Return ``value`` as a sparsity: the fraction removed, 0 to 1, rounded to four digits.

    The only place where sparsities are made, so that ``0.1 * 3`` and ``0.3`` are one key.

    Raises:
        BadValue: Not a number from 0 to 1; a percentage is named as such.

    >>> sparsity(0.1 * 3)
    0.3
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if 0 <= number <= 1:
        return round(abs(number), _DIGITS)  # abs: -0.0 is 0.0
    hint = "Write a fraction, such as 0.5 for half of the weights."
    fraction = _fraction(str(value))
    if fraction is not None:
        hint = f"Write a fraction instead of percent: {fraction:g}."
    raise BadValue(f"Expected sparsity to be a number from 0 to 1, but got {value!r}. {hint}")


def parse_sparsities(text: str) -> tuple[float, ...]:
    """Return the sparsities that ``text`` lists, ascending: ``0.5,0.7`` or ``0.1:0.9:0.1``.

    A range ``first:last:step`` includes its last value; lists and ranges can be mixed.

    >>> parse_sparsities("0.1:0.3:0.1,0.95")
    (0.1, 0.2, 0.3, 0.95)
    """
    found: set[float] = set()
    for part in text.split(","):
        pieces = part.strip().split(":")
        if len(pieces) == 1:
            found.add(sparsity(pieces[0]))
        elif len(pieces) == 3:
            first, last, step = (sparsity(piece) for piece in pieces)
            if step == 0 or last < first:
                raise BadValue(
                    f"Expected a range first:last:step that ascends, but got {part!r}. "
                    "Write for example 0.1:0.9:0.1."
                )
            count = math.floor((last - first) / step + 1e-6)
            found.update(sparsity(first + step * index) for index in range(count + 1))
        else:
            raise BadValue(
                f"Expected sparsities like 0.5,0.7 or 0.1:0.9:0.1, but got {part!r}. "
                "Write first:last:step."
            )
    return tuple(sorted(found))


@dataclass(frozen=True, order=True)
class Method:
    """A criterion at a granularity, written ``taylor`` (weights) or ``taylor@channel``."""

    criterion: str
    granularity: str = "weight"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the method that ``text`` names; the criterion itself is checked by the engine.

        >>> Method.parse("l1@channel")
        Method(criterion='l1', granularity='channel')
        """
        criterion, _, granularity = text.strip().partition("@")
        granularity = granularity or "weight"
        nm = granularity.split(":")
        if granularity not in GRANULARITIES and not (len(nm) == 2 and all(map(str.isdigit, nm))):
            raise UnknownName.among("granularity", granularity, (*GRANULARITIES, "2:4", "4:8"))
        return cls(criterion, granularity)

    def __str__(self) -> str:
        if self.granularity == "weight":
            return self.criterion
        return f"{self.criterion}@{self.granularity}"


def parse_methods(text: str) -> tuple[Method, ...]:
    """Return the methods of a comma-separated list, without repetition, in its order."""
    found = tuple(dict.fromkeys(Method.parse(part) for part in text.split(",") if part.strip()))
    if not found:
        raise BadValue(
            f"Expected methods like magnitude,taylor, but got {text!r}. Name at least one."
        )
    return found


@dataclass(frozen=True)
class Reference:
    """Where model, data and metric come from, as the user wrote them.

    Attributes:
        model: ``sample:resnet20``, ``torchvision:resnet50``, ``file.py:function``,
            ``package.module:function`` or ``file.pt2``.
        data: ``sample:fashion-mnist``, ``imagefolder:DIR``, ``file.npz`` or ``file.py:function``.
        metric: ``top-1``, ``agreement`` or ``file.py:function``.
        weights: A safetensors file or a state dict, poured into the model; None for its own.
        random: Whether a torchvision model keeps random weights.
    """

    model: str
    data: str
    metric: str = "top-1"
    weights: str | None = None
    random: bool = False


@dataclass(frozen=True)
class LayerSummary:
    """One prunable or skipped layer, in the order of the forward pass.

    Attributes:
        name: Dotted module name.
        kind: ``conv2d``, ``linear``, ``embedding``, ...
        parameter: Dotted name of the weight that is pruned.
        shape: Shape of that weight.
        parameters: Elements of that weight, biases not counted.
        macs: Multiply-accumulates of the layer for one sample.
        activation_bytes: Bytes of the layer's output for one sample.
        prunable: Whether weights of this layer can be pruned.
        reason: Why not, else None.
        group: Name of the group that the layer's outputs belong to, else None.
    """

    name: str
    kind: str
    parameter: str
    shape: tuple[int, ...]
    parameters: int
    macs: int
    activation_bytes: int
    prunable: bool = True
    reason: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class MemberSummary:
    """A dimension of a tensor that gets smaller with a group.

    Attributes:
        parameter: Dotted name of the parameter or buffer.
        layer: Dotted module name.
        dimension: Of the tensor.
        role: ``producer`` makes the units, ``consumer`` reads them, ``follower`` goes along.
        indices: How many indices of the dimension one unit owns.
    """

    parameter: str
    layer: str
    dimension: int
    role: str
    indices: int


@dataclass(frozen=True)
class GroupSummary:
    """What must be removed together: units (channels or heads) across coupled layers.

    Attributes:
        name: Dotted name of the first producing layer.
        granularity: ``channel`` or ``head``.
        units: How many units there are; at least one stays.
        members: Every coupled tensor dimension, in the order in which the graph uses them.
        unit_parameters: Parameters that one unit frees when it leaves alone.
        unit_macs: Multiply-accumulates per sample that one unit frees when it leaves alone.
        normalised: Whether a norm runs over the pruned dimension, so that removal changes its
            statistic by nature.
        law_error: Largest difference, relative to the outputs' scale, between the network without
            half of the units and the dense one with the same units silenced; None if not checked.
        reason: Why the group is not prunable, else None.
    """

    name: str
    granularity: str
    units: int
    members: tuple[MemberSummary, ...]
    unit_parameters: int = 0
    unit_macs: int = 0
    normalised: bool = False
    law_error: float | None = None
    reason: str | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that change with the group, in forward order."""
        return tuple(dict.fromkeys(member.layer for member in self.members))


@dataclass(frozen=True)
class TensorSummary:
    """A parameter or saved buffer.

    Attributes:
        name: Dotted name.
        shape: Dense shape.
        width: Bytes per element.
        buffer: Whether it is a buffer.
    """

    name: str
    shape: tuple[int, ...]
    width: int
    buffer: bool = False


@dataclass(frozen=True)
class MacTerm:
    """Multiply-accumulates of one operator, and what they shrink with.

    Attributes:
        macs: For one sample, dense.
        parameter: The weight whose elements they are proportional to, or None.
        groups: Without a weight: ``(group, share)`` by which each removed unit reduces them.
    """

    macs: int
    parameter: str | None = None
    groups: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class MethodSummary:
    """A method as people see it.

    Attributes:
        name: As in ``Method``: ``taylor`` or ``taylor@channel``.
        title: A short human name.
        definition: One sentence with the formula.
        source: Paper and section.
        needs: What it reads: ``weights``, ``inputs``, ``labels``.
        reason: Why this model cannot use it, else None.
    """

    name: str
    title: str
    definition: str
    source: str
    needs: str
    reason: str | None = None


@dataclass(frozen=True)
class Baseline:
    """The dense model, evaluated once on the validation split.

    Attributes:
        samples: How many samples.
        score: Mean score, 0 to 1 for top-1.
        cross_entropy: Mean cross-entropy in nats; None where the outputs are no class logits.
        class_samples: Samples per class; empty without class labels.
        class_correct: Rightly classified samples per class.
    """

    samples: int
    score: float
    cross_entropy: float | None = None
    class_samples: tuple[int, ...] = ()
    class_correct: tuple[int, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """What a study's measurements are about.

    Attributes:
        fingerprint: Hash of weights, graph, data and metric: a measurement's identity.
        parameters: Elements of all parameters.
        buffers: Elements of all buffers (running means and the like).
        bytes: Bytes of all parameters and buffers, dense.
        macs: Multiply-accumulates for one sample.
        activation_bytes: Largest sum of tensors alive at once for one sample.
        capture_problem: Why the model has no graph, else None.
        splits: Samples per split.
        environment: Versions and machine on which the study was made.
        methods: Every method the engine knows, with what keeps it from this model, if anything.
        tensors: Every parameter and saved buffer, shared ones once.
        mac_terms: What the multiply-accumulates are made of.
        parts: The fingerprint's parts by name (weights, graph, data, metric), to say what differs.
    """

    reference: Reference
    fingerprint: str
    parameters: int
    buffers: int
    bytes: int
    macs: int
    activation_bytes: int
    layers: tuple[LayerSummary, ...]
    groups: tuple[GroupSummary, ...] = ()
    capture_problem: str | None = None
    splits: dict[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    baseline: Baseline | None = None
    environment: dict[str, str] = field(default_factory=dict)
    methods: tuple[MethodSummary, ...] = ()
    tensors: tuple[TensorSummary, ...] = ()
    mac_terms: tuple[MacTerm, ...] = ()
    parts: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def layer(self, name: str) -> LayerSummary:
        """Return the layer ``name``, or raise ``UnknownName`` with the closest names."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UnknownName.among("layer", name, [layer.name for layer in self.layers])

    def group(self, name: str) -> GroupSummary:
        """Return the group ``name``, or raise ``UnknownName`` with the closest names."""
        for group in self.groups:
            if group.name == name:
                return group
        raise UnknownName.among("group", name, [group.name for group in self.groups])

    def removable(self, granularity: str | None = None) -> tuple[GroupSummary, ...]:
        """Return the groups whose units can be removed, of one granularity or of all."""
        return tuple(
            group
            for group in self.groups
            if group.reason is None and granularity in (None, group.granularity)
        )

    def prunable(self) -> tuple[LayerSummary, ...]:
        """Return the layers whose weights can be pruned, in forward order."""
        return tuple(layer for layer in self.layers if layer.prunable)


@dataclass(frozen=True)
class Grid:
    """What a sweep is to measure: the product of subjects, methods and sparsities.

    ``subjects`` empty means every prunable layer or group. Sparsities are kept as ``sparsity``
    makes them, each once, ascending.
    """

    methods: tuple[Method, ...]
    sparsities: tuple[float, ...]
    subjects: tuple[str, ...] = ()
    recoveries: tuple[str, ...] = ("none",)
    seeds: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sparsities", tuple(sorted(set(map(sparsity, self.sparsities)))))


def check_names(what: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise ``UnknownName`` for the first of ``given`` that is not ``allowed``."""
    known = set(allowed)
    for name in given:
        if name not in known:
            raise UnknownName.among(what, name, known)


def _fraction(percent: str) -> float | None:
    """What ``percent`` means as a fraction, or None when it is no percentage."""
    try:
        fraction = float(percent.rstrip("% ")) / 100
    except ValueError:
        return None
    return fraction if 0 <= fraction <= 1 else None
