"""What may not go together: locks, bounds and exclusions, and choices that touch one weight."""

from collections.abc import Sequence

from analysis.errors import BadValue, UnknownName
from analysis.planning.counts import UNITS, real_sparsity
from analysis.planning.plan import Choice
from analysis.planning.solve.goal import Goal
from analysis.planning.solve.subject import Subject
from analysis.study import Manifest


def check(manifest: Manifest, goal: Goal) -> None:
    """Raise unless all that the goal names exists and agrees with itself.

    Raises:
        BadValue: Locks, bounds and exclusions that contradict one another.
        UnknownName: A subject that does not exist.
    """
    names = {layer.name for layer in manifest.prunable()}
    names |= {group.name for group in manifest.removable()}
    for given in (goal.locks, goal.bounds, goal.excluded):
        for name in given:
            if name not in names:
                raise UnknownName.among("layer or group", name, names)
    for name in goal.excluded:
        low, _ = goal.bounds.get(name, (0.0, 1.0))
        if low > 0:
            raise BadValue(
                f"Expected {name} to be either excluded or pruned to at least {low:g}, but it is "
                "both. Take one away."
            )
    for name, choice in goal.locks.items():
        value = real_sparsity(manifest, name, choice)
        if name in goal.excluded and value > 0:
            raise BadValue(
                f"Expected {name} to be either locked at {value:g} or excluded, but it is both. "
                "Take one away."
            )
        low, high = goal.bounds.get(name, (0.0, 1.0))
        if not low <= value <= high:
            raise BadValue(
                f"Expected the lock of {name} within its bounds {low:g} to {high:g}, but it is "
                f"locked at {value:g}. Change the lock or the bounds."
            )
    _check_shared_weights(manifest, goal)


def lock_of(goal: Goal, name: str, grouped: bool) -> Choice | None:
    """Return the lock of a subject; a dense one keeps both the layer and the group of that name."""
    lock = goal.locks.get(name)
    if lock is None or (lock.granularity in UNITS) == grouped:
        return lock
    return Choice(lock.criterion, 0.0, "channel" if grouped else "weight", True)


def conflicts(manifest: Manifest, subjects: Sequence[Subject]) -> list[tuple[int, int]]:
    """Return the pairs (layer, group) that may not both be pruned: they touch the same weight."""
    layers = {
        manifest.layer(each.name).parameter: place
        for place, each in enumerate(subjects)
        if not each.grouped
    }
    named = {each.name: place for place, each in enumerate(subjects) if not each.grouped}
    found = set()
    for place, each in enumerate(subjects):
        if not each.grouped:
            continue
        touched = {member.parameter for member in manifest.group(each.name).members}
        found |= {(layers[parameter], place) for parameter in touched & layers.keys()}
        if each.name in named:  # a plan holds one choice per name
            found.add((named[each.name], place))
    return sorted(found)


def _check_shared_weights(manifest: Manifest, goal: Goal) -> None:
    groups = {
        name: manifest.group(name)
        for name, choice in goal.locks.items()
        if choice.granularity in UNITS and choice.sparsity > 0
    }
    for name, choice in goal.locks.items():
        if choice.granularity in UNITS or choice.sparsity == 0:
            continue
        weight = manifest.layer(name).parameter
        for other, group in groups.items():
            if any(member.parameter == weight for member in group.members):
                raise BadValue(
                    f"Expected locks that do not change the same layer in two ways, but {name} "
                    f"loses weights and {other} units that {name} is coupled with. Unlock one."
                )
