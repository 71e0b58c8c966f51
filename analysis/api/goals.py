"""A goal from keywords: budgets as numbers or with units, locks as sparsities. Torch-free."""

from collections.abc import Iterable, Mapping

from prunescope.curves.curve import Curves, curves, subjects
from prunescope.errors import BadValue
from prunescope.planning.named_choices import choice_named
from prunescope.planning.side_limits import asked_of
from prunescope.planning.solve import Goal
from prunescope.store.folder import StudyFolder
from prunescope.study import Manifest, Method, check_names, sparsity
from prunescope.study.name_patterns import matching
from prunescope.study.plan import Choice

_SUBJECT = "layer or group"

Limit = float | str
"""The most that is accepted: a fraction of the dense model's, or a value with its unit."""

Chosen = float | tuple[str, float] | Choice
"""What happens to one layer or group: a sparsity, ``(method, sparsity)``, or a choice."""


def goal_from(
    study: StudyFolder,
    limits: Mapping[str, Limit | None],
    objective: str,
    recovery: str,
    lock: Mapping[str, Chosen],
    exclude: Iterable[str],
    bounds: Mapping[str, tuple[float, float]],
    methods: Iterable[str],
    round_to: int,
    extrapolate: bool = False,
) -> Goal:
    """Return the goal over ``study`` that the keywords of ``Study.solve`` say.

    Args:
        study: Whose curves give locks without a method theirs.
        limits: Cost or damage → the most that is accepted; None says nothing.
        objective: What is kept small.
        recovery: Of the plan and the curves.
        lock: Layer or group → what stays.
        exclude: What stays dense.
        bounds: Layer or group → least and largest sparsity.
        methods: Which may be taken; empty for all measured ones but controls.
        round_to: Units kept are multiples of this.
        extrapolate: Whether sparsities past the last measured points may be chosen.

    Raises:
        BadValue, UnknownName: A keyword says something that cannot be.
    """
    names = subjects(study.manifest)
    texts = [_text(name, limit) for name, limit in limits.items() if limit is not None]
    if not texts:
        raise BadValue(
            "Expected at least one budget, but got none. Give one, such as macs=0.6, bytes='1.5MB' "
            "or drop=0.01."
        )
    asked = asked_of(texts, study)
    known = curves(study.measured(), study.manifest) if lock else {}
    return Goal(
        asked.targets,
        objective,
        recovery,
        locks={
            name: choice_from(name, value, study.manifest, known, recovery, locked=True)
            for pattern, value in lock.items()
            for name in matching([pattern], names, _SUBJECT)
        },
        bounds={
            name: ends
            for pattern, ends in bounds.items()
            for name in matching([pattern], names, _SUBJECT)
        },
        excluded=matching(exclude, names, _SUBJECT),
        methods=tuple(study.manifest.named(Method.parse(name)) for name in methods),
        round_to=round_to,
        extrapolate=extrapolate,
        class_limits=asked.classes,
        metric_limits=asked.metrics,
    )


def choice_from(
    name: str,
    value: Chosen,
    manifest: Manifest,
    known: Curves,
    recovery: str,
    locked: bool = False,
) -> Choice:
    """Return what ``value`` chooses for the layer or group ``name``; a lock is ``locked``.

    Raises:
        UnknownName: No such layer or group.
        BadValue: No sparsity, or a sparsity without a method where none was measured.
    """
    check_names("layer or group", [name], subjects(manifest))
    if isinstance(value, Choice):
        return Choice(value.criterion, value.sparsity, value.granularity, locked or value.locked)
    method, number = value if isinstance(value, tuple) else (None, value)
    if not isinstance(number, float | int):
        raise BadValue(
            f"Expected a sparsity or (method, sparsity) for {name}, but got {value!r}. Write for "
            f"example {{{name!r}: 0.5}}."
        )
    parsed = None if method is None else Method.parse(method)
    return choice_named(name, parsed, sparsity(number), manifest, known, recovery, locked)


def _text(name: str, limit: Limit) -> str:
    return f"{name}={limit if isinstance(limit, str) else repr(float(limit))}"
