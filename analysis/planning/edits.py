"""Edit many choices of a plan at once. Locked choices stay as they are. Torch-free."""

from collections.abc import Iterable
from dataclasses import replace

from prunescope.curves.curve import CurveKey, Curves
from prunescope.study import Manifest, Method, sparsity
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_units


def choice_of(plan: Plan, subject: str, default: Method) -> Choice:
    """Return the plan's choice for ``subject``, or a dense one by the ``default`` method.

    A layer and a group can have the same name; a choice that zeroes the layer's weights does not
    count as the group's. Its lock does, as in the solver: the dense choice is then locked too.
    """
    choice = plan.choices.get(subject)
    if choice is None:
        return Choice(default.criterion, 0.0, default.granularity)
    if _same_kind(choice, default):
        return choice
    return Choice(default.criterion, 0.0, default.granularity, choice.locked)


def other_granularity_choice(plan: Plan, subject: str, method: Method) -> Choice | None:
    """Return the choice of ``subject`` if it removes units and ``method`` weights, or vice versa.

    A plan holds one choice per name, so a choice by ``method`` would replace this one.
    """
    choice = plan.choices.get(subject)
    return None if choice is None or _same_kind(choice, method) else choice


def choice_at(method: Method, value: float, locked: bool = False) -> Choice:
    """Return the choice of ``method`` at sparsity ``value``; an n:m pattern has only its own or 0.

    >>> choice_at(Method("magnitude", "2:4"), 0.7).sparsity
    0.5
    """
    return Choice(method.criterion, value, method.granularity, locked)


def set_sparsity(plan: Plan, subjects: Iterable[str], value: float, default: Method) -> Plan:
    """Return the plan with sparsity ``value`` on all ``subjects`` that are not locked.

    A sparsity above 0 replaces a choice at the other granularity; 0 leaves such a choice as it is.

    Args:
        plan: Not modified.
        subjects: Layers or groups.
        value: Sparsity, 0 to 1.
        default: Method of subjects that had none.
    """
    choices = {name: choice_of(plan, name, default) for name in subjects}
    return plan.setting(
        {
            name: choice_at(choice.method, value)
            for name, choice in choices.items()
            if not choice.locked and (value > 0 or _replaces_nothing(plan, name, default))
        }
    )


def set_method(plan: Plan, subjects: Iterable[str], method: Method) -> Plan:
    """Return the plan with ``method`` on all ``subjects`` that are not locked.

    Subjects pruned at the other granularity stay as they are.
    """
    choices = {name: choice_of(plan, name, method) for name in subjects}
    return plan.setting(
        {
            name: choice_at(method, choice.sparsity)
            for name, choice in choices.items()
            if not choice.locked and _replaces_nothing(plan, name, method)
        }
    )


def scale(plan: Plan, subjects: Iterable[str], factor: float) -> Plan:
    """Return the plan with the sparsities of ``subjects`` times ``factor``, at most 1."""
    chosen = set(subjects)
    return plan.setting(
        {
            name: choice_at(choice.method, min(choice.sparsity * factor, 1.0))
            for name, choice in plan.choices.items()
            if name in chosen and not choice.locked
        }
    )


def in_multiples(
    plan: Plan, subjects: Iterable[str], multiple: int, manifest: Manifest
) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan in which each group keeps a ``multiple`` of units, and the groups that fail.

    Removals are only rounded down: a group with too few units for that stays dense and is named in
    the second value. Locked choices and layers whose weights are zeroed do not change.

    Args:
        plan: Not modified.
        subjects: Groups that may change.
        multiple: 1 or more.
        manifest: Gives the groups' units.
    """
    changes, unchanged = {}, []
    for name in subjects:
        choice = plan.choices.get(name)
        if (
            choice is None
            or choice.locked
            or choice.granularity not in UNITS
            or choice.granularity == BLOCK
        ):
            continue
        units = manifest.group(name).units
        if not removed_units(units, choice.sparsity):
            continue
        removed = removed_units(units, choice.sparsity, multiple)
        changes[name] = choice_at(choice.method, sparsity(removed / units))
        if not removed:
            unchanged.append(name)
    return plan.setting(changes), tuple(unchanged)


def within_drop(
    plan: Plan, subjects: Iterable[str], limit: float, curves: Curves, methods: Iterable[Method]
) -> Plan:
    """Return the plan with, per subject, the largest sparsity whose own drop is within ``limit``.

    Of ``methods`` the one with the largest sparsity is taken, on a tie the earlier. Subjects that
    none of them was measured on do not change, nor do those pruned at another granularity if no
    method has a sparsity above 0 within the limit.

    Args:
        plan: Not modified; its recovery and seed choose the curves.
        subjects: Layers or groups.
        limit: Largest accepted drop of each subject alone, absolute.
        curves: As from ``prunescope.curves.curve.curves``.
        methods: Which methods may be taken.
    """
    allowed = tuple(methods)
    changes = {}
    for name in subjects:
        before = plan.choices.get(name)
        if before is not None and before.locked:
            continue
        keys = [CurveKey(name, method, plan.recovery, plan.seed) for method in allowed]
        reached = [(curves[key].largest_within(limit), key.method) for key in keys if key in curves]
        if reached:
            best, method = max(reached, key=lambda pair: pair[0])
            if best > 0 or _replaces_nothing(plan, name, method):
                changes[name] = Choice(method.criterion, best, method.granularity)
    return plan.setting(changes)


def set_locks(plan: Plan, subjects: Iterable[str], locked: bool, default: Method) -> Plan:
    """Return the plan with all ``subjects`` locked or unlocked, whatever their method is.

    Subjects without a choice get a dense one by the ``default`` method.
    """
    choices = {name: plan.choices.get(name) or choice_of(plan, name, default) for name in subjects}
    return plan.setting({name: replace(choice, locked=locked) for name, choice in choices.items()})


def _same_kind(choice: Choice, method: Method) -> bool:
    """Whether both zero weights, or both remove units."""
    return (choice.granularity in UNITS) == (method.granularity in UNITS)


def _replaces_nothing(plan: Plan, subject: str, method: Method) -> bool:
    """Whether a dense choice by ``method`` replaces no choice that prunes something."""
    other = other_granularity_choice(plan, subject, method)
    return other is None or other.sparsity == 0
