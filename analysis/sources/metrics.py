"""A metric from its reference: one that comes with Prunescope, or the user's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from prunescope.commands import next_steps
from prunescope.errors import BadValue, DataMismatch
from prunescope.metrics.definition import MetricDefinition
from prunescope.metrics.named_parts import part_named, target_named
from prunescope.metrics.other_outputs import OtherOutputs
from prunescope.metrics.registry import REGISTRY, metric_definition
from prunescope.metrics.set_metric import SetMetric
from prunescope.sources.functions import (
    find_function,
    is_function,
    require_kept,
    source_hash,
)
from prunescope.sources.live_function import function_hash, function_name
from prunescope.sources.torch_metric import TorchMetric, is_torch_metric
from prunescope.sources.user_metric import checked_metric, declared_summary
from prunescope.study.metric_summary import NUMBER, SHARE, MetricSummary

AGREEMENT = "agreement"


@dataclass(frozen=True)
class Metric:
    """How well outputs fit targets.

    Attributes:
        name: As the user wrote it.
        score: ``(outputs, targets) → (n,)`` float scores, one per sample, higher is better: of a
            metric of which less is better, the negated values.
        identity: Hash of the user's function, or the name.
        relative: Whether the targets are the dense model's own predictions.
        summary: What its numbers are.
        declared: Whether ``summary`` was declared; else it depends on the scores.
        worst: The score of a sample for which outputs or score are not finite.
        states: ``(outputs, targets) → (n, k)`` of a metric of a whole set; None for others.
        settle: ``(n, k) → (n,)`` scores of the samples that have these states, once all are known.
        has_classes: Whether an output that looks like class logits is one; not for errors of
            regressions.
        others: The outputs beside the class logits, which KL looks at too.
        also: Metrics that are stored beside it.
        reads_all: Whether it wants everything where there are several outputs and targets.
        reads: Name of the one output that it reads, and of its target where there are several;
            empty where it is given everything.
        is_users: Whether its code is the user's own.
    """

    name: str
    score: Callable[[Any, Any], Tensor]
    identity: str
    relative: bool = False
    summary: MetricSummary = SHARE
    declared: bool = True
    worst: float = 0.0
    states: Callable[[Any, Any], Tensor] | None = None
    settle: Callable[[Tensor], Tensor] | None = None
    has_classes: bool = True
    others: OtherOutputs | None = None
    reads_all: bool = False
    reads: str = ""
    is_users: bool = False
    also: "tuple[Metric, ...]" = ()

    def summary_for(self, scores: Tensor) -> MetricSummary:
        """Return what the metric's numbers are, where the dense model has ``scores``.

        A function that declares nothing gives percent where all scores lie between 0 and 1, else
        plain numbers.
        """
        if self.declared or bool(((scores >= 0) & (scores <= 1)).all()):
            return self.summary
        return replace(NUMBER, name=self.summary.name)

    def reading(self, name: str) -> "Metric":
        """Return the metric of the output ``name`` and of the target of that name."""
        score, states = self.score, self.states
        picked = replace(
            self, reads=name, score=lambda o, t: score(part_named(o, name), target_named(t, name))
        )
        if states is None:
            return picked
        return replace(
            picked, states=lambda o, t: states(part_named(o, name), target_named(t, name))
        )

    def output(self, outputs: Any) -> Any:
        """Return what of ``outputs`` it reads."""
        return part_named(outputs, self.reads) if self.reads else outputs

    def labels(self, targets: Any) -> Tensor | None:
        """Return the target that it reads as one tensor; None where there is none such."""
        target = target_named(targets, self.reads) if self.reads else targets
        return target if isinstance(target, Tensor) else None

    def with_worst(self, summary: MetricSummary, scores: Tensor) -> "Metric":
        """Return the metric with a score for what is not finite, which is no sample's best.

        It is 0 for scores from 0 to 1; else as far below the dense model's least as the largest
        of these is in size, for what has no worst value.
        """
        if summary.is_share or not len(scores):
            return self
        return replace(self, worst=(scores.min() - scores.abs().max()).item())


def metric_names() -> tuple[str, ...]:
    """Return the names of all metrics that are no function of the user's."""
    return (*REGISTRY.names(), AGREEMENT)


def load_metric(reference: str, labelled: bool) -> Metric:
    """Return the metric that ``reference`` names; ``agreement`` where there are no labels.

    Raises:
        UnknownName: No such metric.
        DataMismatch: There are no targets for it.
        BadReference: The user's function cannot be found.
    """
    if reference == AGREEMENT:
        return _agreement()
    require_kept("metric", reference)
    if is_function(reference):
        function = find_function("metric", reference)
        if is_torch_metric(function):
            _require_labels(labelled)
            return _torch_metric(TorchMetric(reference, function))
        return _user_metric(reference, function, source_hash(function))
    name, _, output = reference.partition("@")
    definition = metric_definition(name)
    if labelled:
        metric = _built_in(definition)
        if not output:
            return metric
        summary = replace(metric.summary, name=reference)
        picked = metric.reading(output)
        return replace(picked, name=reference, identity=reference, summary=summary)
    if reference.startswith("top-"):
        return _agreement()
    raise DataMismatch(
        f"Expected targets to measure {reference}, but the validation split has none. Add them to "
        f"the data, or take {next_steps.metric(AGREEMENT)}."
    )


def with_others(metric: Metric, references: Sequence[str], labelled: bool) -> Metric:
    """Return ``metric`` with the metrics that are stored beside it.

    Raises:
        BadValue: Agreement, which is counted whatever the metric.
        PrunescopeError: As ``load_metric``.
    """
    others = tuple(load_metric(reference, labelled) for reference in references)
    for one in others:
        if one.relative:
            raise BadValue(
                f"Expected metrics of targets beside {metric.name}, but got {one.name}: how far "
                "predictions agree with the dense model's is counted anyway. Leave it out."
            )
    return replace(metric, also=others)


def live_metric(function: Callable[[Any, Any], Tensor], labelled: bool) -> Metric:
    """Return the metric of a live function ``(outputs, targets) → (n,)``, as by its reference.

    Raises:
        BadValue: Not callable, no labels to score, or it reads what cannot be told from a change.
    """
    if not callable(function):
        raise BadValue(
            f"Expected a metric's name, reference or function, but got "
            f"{type(function).__name__}. Choose from: {', '.join(metric_names())}."
        )
    _require_labels(labelled)
    if is_torch_metric(function):
        return _torch_metric(TorchMetric(function_name(function), function))
    return _user_metric(function_name(function), function, function_hash(function, "metric"))


def _built_in(definition: MetricDefinition) -> Metric:
    name, summary = definition.name, definition.summary
    score = definition.values if summary.higher_is_better else _negated(definition.values)
    classes = getattr(definition, "has_classes", True)
    whole = getattr(definition, "reads_all", False)
    metric = Metric(name, score, name, summary=summary, has_classes=classes, reads_all=whole)
    if not isinstance(definition, SetMetric):
        return metric
    settle = definition.pseudo_values
    sign = 1.0 if summary.higher_is_better else -1.0
    return replace(
        metric, states=definition.states, settle=lambda states: sign * settle(states).float()
    )


def _torch_metric(definition: TorchMetric) -> Metric:
    return replace(_built_in(definition), identity=definition.identity, is_users=True)


def _require_labels(labelled: bool) -> None:
    if not labelled:
        raise BadValue(
            "Expected targets for a metric of your own, but the validation split has none. Give "
            "(inputs, targets), or take the metric agreement."
        )


def _agreement() -> Metric:
    top = metric_definition("top-1").values
    return Metric(AGREEMENT, top, AGREEMENT, relative=True, summary=MetricSummary(AGREEMENT))


def _user_metric(name: str, function: Callable[..., Any], identity: str) -> Metric:
    summary, declared = declared_summary(name, function)
    scored = checked_metric(name, function)
    score = scored if summary.higher_is_better else _negated(scored)
    return Metric(name, score, identity, summary=summary, declared=declared, is_users=True)


def _negated(values: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    return lambda outputs, targets: -values(outputs, targets)
