"""Conflicts: contradictory locks, bounds and exclusions, and choices that touch the same weight."""

from collections.abc import Sequence
from dataclasses import replace

from prunescope.errors import BadValue, UnknownName
from prunescope.planning.solve.goal import Goal
from prunescope.planning.solve.subject import Subject
from prunescope.study import Manifest
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice
from prunescope.study.removed_counts import real_sparsity
from prunescope.study.void_choices import void_choices


def check_goal(manifest: Manifest, goal: Goal) -> None:
    """Raise unless all subjects of the goal exist and its locks, bounds and exclusions agree.

    Raises:
        BadValue: Locks, bounds and exclusions that contradict one another.
        UnknownName: A subject that does not exist.
    """
    names = {layer.name for layer in manifest.prunable()}
    names |= {group.name for group in manifest.leaving()}
    for subjects in (goal.locks, goal.bounds, goal.excluded):
        for name in subjects:
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
    """Return the pairs (layer, group) that may not both be pruned: they touch the same weight.

    And the pairs (group or block, block) of which the first is a part of the second.
    """
    layers = {
        manifest.layer(subject.name).parameter: subject_index
        for subject_index, subject in enumerate(subjects)
        if not subject.grouped
    }
    layer_index = {
        subject.name: subject_index
        for subject_index, subject in enumerate(subjects)
        if not subject.grouped
    }
    pairs = set()
    for subject_index, subject in enumerate(subjects):
        if not subject.grouped:
            continue
        touched = {member.parameter for member in manifest.group(subject.name).members}
        pairs |= {(layers[parameter], subject_index) for parameter in touched & layers.keys()}
        if subject.name in layer_index:  # a plan holds one choice per name
            pairs.add((layer_index[subject.name], subject_index))
    return sorted(pairs | _within_blocks(manifest, subjects))


def _within_blocks(manifest: Manifest, subjects: Sequence[Subject]) -> set[tuple[int, int]]:
    """The pairs (group or block, block) of which the first leaves whole with the second."""
    members = {
        index: manifest.group(subject.name)
        for index, subject in enumerate(subjects)
        if subject.grouped
    }
    return {
        (one, other)
        for other, block in members.items()
        if block.granularity == BLOCK
        for one, group in members.items()
        if one != other and group.layers and set(group.layers) <= set(block.layers)
    }


def enforce_lower_bounds(subjects: Sequence[Subject], goal: Goal) -> tuple[Subject, ...]:
    """Return ``subjects`` without the dense option where a bound's least sparsity is above 0.

    Where a layer and a group of one name can both meet that bound, either may: both keep their
    dense options, and ``required_pairs`` says that one of them must be pruned.

    Raises:
        BadValue: No measured sparsity of an allowed method lies within a bound.
    """
    kept_subjects = list(subjects)
    for name, (low, high) in goal.bounds.items():
        if low == 0 or name in goal.locks:
            continue
        candidates = [
            index
            for index, candidate in enumerate(kept_subjects)
            if candidate.name == name and len(candidate.options) > 1
        ]
        if not candidates:
            raise BadValue(
                f"Expected a measured sparsity of {name} within its bounds {low:g} to {high:g}, "
                "but there is none that may be taken. Widen the bounds, allow more methods, or "
                "measure sparsities within them."
            )
        if len(candidates) == 1:
            subject = kept_subjects[candidates[0]]
            options = tuple(option for option in subject.options if option.removed)
            kept_subjects[candidates[0]] = replace(
                subject, options=options, locked=len(options) == 1
            )
    return tuple(kept_subjects)


def required_pairs(subjects: Sequence[Subject], goal: Goal) -> list[tuple[int, int]]:
    """Return the pairs (layer, group) of one name of which one must be pruned, to meet a bound."""
    pairs = []
    unlocked = {
        (subject.name, subject.grouped): index
        for index, subject in enumerate(subjects)
        if not subject.locked
    }
    for name, (low, _) in goal.bounds.items():
        pair = unlocked.get((name, False)), unlocked.get((name, True))
        if low > 0 and name not in goal.locks and pair[0] is not None and pair[1] is not None:
            pairs.append((pair[0], pair[1]))
    return sorted(pairs)


def _check_shared_weights(manifest: Manifest, goal: Goal) -> None:
    for name in sorted(void_choices(manifest, goal.locks)):
        blocks = [other for other, choice in goal.locks.items() if choice.granularity == BLOCK]
        raise BadValue(
            f"Expected locks that can be kept together, but {name} is pruned and leaves whole with "
            f"{' or '.join(other for other in blocks if other != name)}. Unlock one."
        )
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
