"""Methods of the user's own: named with their hashes, and made known to a study."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from prunescope.bench.loss_problem import loss_problem
from prunescope.bench.workbench import Workbench
from prunescope.criteria.criterion import Model
from prunescope.criteria.registry import criterion_summaries
from prunescope.criteria.user_criterion import HASH, user_criterion
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import vouch_function
from prunescope.study import Grid, Method, is_user_criterion
from prunescope.study.summaries import MethodSummary
from prunescope.sweep.work_list import with_names

MethodLike = str | Callable[[Any], Any] | tuple[Callable[[Any], Any], str]
"""A method as on the command line; a scoring function, for weights; or one and a granularity."""

_EDITED = "its source has changed since"


def methods_from(given: Iterable[MethodLike]) -> tuple[Method, ...]:
    """Return the methods that ``given`` names, each once; functions by their full names."""
    return tuple(dict.fromkeys(map(_method, given)))


def with_user_methods(bench: Workbench, study: StudyFolder, grid: Grid) -> tuple[StudyFolder, Grid]:
    """Return ``study``, which knows all methods of ``grid``, and ``grid`` with their full names.

    Patterns of layers and groups become the names that match them.

    Earlier versions of an edited function stay with what was measured by them, but are no longer
    offered.

    Raises:
        BadReference, BadValue: As ``user_criterion``.
        UnknownName: A pattern matches no layer or group.
    """
    names = {m.criterion for m in grid.methods if is_user_criterion(m.criterion)}
    if not names:
        return study, with_names(grid, study.manifest)
    rules = {name: user_criterion(name) for name in names}
    methods = [
        replace(m, criterion=rules[m.criterion].name) if m.criterion in rules else m
        for m in grid.methods
    ]
    problem = loss_problem(bench.network, bench.splits.calibration, bench.loss)
    model = Model(bench.network, problem)
    added = [
        summary
        for name in sorted(rules)
        for summary in criterion_summaries(rules[name], model, bench.groups)
    ]
    current = {rule.name for rule in rules.values()}
    before = [
        _aged(summary, current)
        for summary in study.manifest.methods
        if Method.parse(summary.name).criterion not in current
    ]
    known = (*before, *added)
    if known != study.manifest.methods:
        study = study.update(replace(study.manifest, methods=known))
    grid = replace(grid, methods=tuple(dict.fromkeys(methods)))
    return study, with_names(grid, study.manifest)


def _method(given: MethodLike) -> Method:
    if isinstance(given, str):
        method = Method.parse(given)
        if is_user_criterion(method.criterion):
            vouch_function(method.criterion.partition(HASH)[0])  # written by whoever runs this
        return method
    function, granularity = given if isinstance(given, tuple) else (given, "weight")
    return Method.parse(f"{user_criterion(function).name}@{granularity}")


def _aged(summary: MethodSummary, current: set[str]) -> MethodSummary:
    """``summary``, marked when a newer version of its function is among ``current``."""
    reference, sign, _ = summary.name.partition(HASH)
    newer = sign and any(name.partition(HASH)[0] == reference for name in current)
    return replace(summary, reason=_EDITED) if newer else summary
