"""Find the criteria in this folder, and say which of them a model can use."""

import importlib
import pkgutil
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from prunescope.coupling import Group
from prunescope.criteria.criterion import Criterion, Model
from prunescope.criteria.shuffled import twin
from prunescope.criteria.user_criterion import user_criterion
from prunescope.errors import UnknownName
from prunescope.study import MethodSummary, is_user_criterion, pattern_of

PATTERNS: Final = ("2:4", "4:8")
"""N:M patterns that sweeps offer: N of M neighbouring input weights stay."""

_PATTERN_NOTE: Final = (
    " {0} of every {1} neighbouring input weights stay, in layers whose inputs {1} divides; tables "
    "looked up by number are left out. Faster only on NVIDIA GPUs from Ampere on, "
    "in half precision or int8, through sparse kernels; elsewhere only the download shrinks."
)


@cache
def _criteria() -> dict[str, Criterion]:
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        loaded = importlib.import_module(f"prunescope.criteria.{module.name}")
        rule = getattr(loaded, "CRITERION", None)
        if isinstance(rule, Criterion):
            found[rule.name] = rule
    plain = [rule for rule in found.values() if rule.weights is not None and not rule.seeded]
    found |= {made.name: made for made in map(twin, plain)}
    return dict(sorted(found.items(), key=_order))


def _order(item: tuple[str, Criterion]) -> tuple[bool, bool, str]:
    """The ones that need only weights first, controls that shuffle another last."""
    name, rule = item
    return bool(rule.shuffles), rule.needs != "weights", name


def criterion_names() -> tuple[str, ...]:
    """Return the names of all criteria, the ones that need only weights first, controls last."""
    return tuple(_criteria())


def criterion(name: str) -> Criterion:
    """Return the criterion ``name``, or a function of the user's by its reference.

    Raises:
        UnknownName: No such criterion; the closest names are given.
        BadReference, BadValue: As ``user_criterion``.
    """
    if is_user_criterion(name):
        return user_criterion(name)
    if name not in _criteria():
        raise UnknownName.among("criterion", name, _criteria())
    return _criteria()[name]


def method_summaries(model: Model, groups: Iterable[Group] = ()) -> tuple[MethodSummary, ...]:
    """Return every method with its definition, and why this model cannot use it, if so."""
    return _summaries(_criteria().values(), model, tuple(groups))


def criterion_summaries(
    rule: Criterion, model: Model, groups: Iterable[Group] = ()
) -> tuple[MethodSummary, ...]:
    """Return the methods of one criterion, as ``method_summaries`` does of all."""
    return _summaries([rule], model, tuple(groups))


def _summaries(
    rules: Collection[Criterion], model: Model, groups: tuple[Group, ...]
) -> tuple[MethodSummary, ...]:
    prunable = [group for group in groups if group.reason is None]
    granularities = sorted({group.granularity for group in prunable})
    found = []
    for rule in rules:
        reason = rule.unusable(model)
        if rule.weights is not None:
            found.append(_summary(rule, "", rule.definition, reason))
        if rule.units is not None:
            found += [
                _summary(rule, f"@{each}", rule.unit_definition, reason) for each in granularities
            ]
    for rule in rules:
        if rule.weights is not None and not rule.shuffles:
            found += [_pattern(rule, pattern, model) for pattern in PATTERNS]
    return tuple(found)


def _summary(rule: Criterion, suffix: str, definition: str, reason: str | None) -> MethodSummary:
    return MethodSummary(
        rule.name + suffix, rule.title, definition, rule.source, rule.needs, reason
    )


def _pattern(rule: Criterion, pattern: str, model: Model) -> MethodSummary:
    found = pattern_of(pattern)
    assert found is not None
    kept, of = found.kept, found.of
    reason = rule.unusable(model)
    if not any(layer.summary.takes_blocks(of) for layer in model.network.prunable()):
        reason = f"no layer has an input dimension that {of} divides"
    return _summary(rule, f"@{pattern}", rule.definition + _PATTERN_NOTE.format(kept, of), reason)
