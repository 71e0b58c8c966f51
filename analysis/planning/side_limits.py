"""Limits beside costs and the drop, from what a command or a call says of a study. Torch-free."""

from collections.abc import Iterable
from dataclasses import dataclass

from prunescope.errors import BadValue
from prunescope.planning.class_limits_of import class_limits, is_class_limit
from prunescope.planning.solve.class_limits import ClassLimit
from prunescope.planning.solve.goal import COSTS, DAMAGES, Target, parse_target
from prunescope.planning.solve.metric_limits import MetricLimit
from prunescope.store.folder import StudyFolder
from prunescope.study.other_metrics import metric_names
from prunescope.text.allowance import Allowance
from prunescope.text.scores import words_of


@dataclass(frozen=True)
class Asked:
    """What a goal's texts ask for.

    Attributes:
        targets: On costs, damages and the drop of the drawn metric.
        classes: On what classes lose.
        metrics: On what is lost by other metrics.
    """

    targets: tuple[Target, ...]
    classes: tuple[ClassLimit, ...]
    metrics: tuple[MetricLimit, ...]


def asked_of(texts: Iterable[str], study: StudyFolder) -> Asked:
    """Return what ``macs=0.5``, ``drop=1pt``, ``worst-class=3pt`` and ``macro-f1=1pt`` ask for.

    The drawn metric's own name means ``drop``.

    Raises:
        BadValue: No limit, or a name twice.
        UnknownName: No such cost, class or metric.
    """
    texts = list(texts)
    words, drawn = words_of(study.manifest), metric_names(study.manifest)[0]
    targets, metrics = [], []
    for text in texts:
        name, sign, value = text.partition("=")
        name = name.strip()
        if is_class_limit(text):
            continue
        if name in metric_names(study.manifest) and name not in (*COSTS, *DAMAGES):
            if name != drawn:
                metrics.append(_limit(study, name, value))
                continue
            text = f"drop{sign}{value}"
        targets.append(parse_target(text, words))
    if len({limit.name for limit in metrics}) < len(metrics):
        raise BadValue(
            f"Expected one limit for each metric, but got {', '.join(texts)}. Keep the tightest."
        )
    return Asked(tuple(targets), class_limits(texts, study.manifest), tuple(metrics))


def _limit(study: StudyFolder, name: str, value: str) -> MetricLimit:
    words, what = words_of(study.drawn_by(name).manifest), f"the limit on {name}"
    limit = words.accepted(Allowance.parse(value, what), what)
    if limit <= 0:
        raise BadValue(
            f"Expected {what} to be above 0, but got {value}. Write for example {name}=0.01."
        )
    return MetricLimit(name, limit, words)
