"""The plan as bars to paint, and painted bars as a plan. No Streamlit."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prunescope.curves.curve import CurveKey, Curves, subjects
from prunescope.dashboard.tables.plan import family
from prunescope.errors import BadValue
from prunescope.planning.edits import choice_at, choice_of, set_locks
from prunescope.study import Manifest, Method, sparsity
from prunescope.study.method import BLOCK, UNITS, is_single
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

STRONGEST = 0.3
"""Drop from which a bar's background has its last colour: so much of scores that are no shares."""

MARKS = {"weight": "w", "channel": "ch", "head": "hd", BLOCK: "bl"}
"""What tells two bars of one name apart under them; the legend says what they mean."""


@dataclass(frozen=True)
class Subject:
    """What one bar stands for: a layer's weights, or the units of the group of that name.

    Attributes:
        name: Of the layer or group.
        default: Method where the plan has no choice at this granularity.
    """

    name: str
    default: Method

    @property
    def granularity(self) -> str:
        """``weight``, or what the group's units are."""
        return family(self.default.granularity)


def in_forward_order(manifest: Manifest, on_page: Iterable[Subject]) -> tuple[Subject, ...]:
    """Return the subjects as the network runs them, weights of a layer before its units."""
    order = {name: place for place, name in enumerate(subjects(manifest))}
    return tuple(
        sorted(
            on_page,
            key=lambda subject: (order.get(subject.name, -1), subject.granularity != "weight"),
        )
    )


def chosen(manifest: Manifest, wanted: str | None, offered: Collection[str]) -> str | None:
    """Return what of ``offered`` the page is about: ``wanted``, or the group that it makes.

    The first one where neither is offered; None where nothing is.
    """
    if wanted in offered:
        return wanted
    made = next((layer.group for layer in manifest.layers if layer.name == wanted), None)
    return made if made in offered else next(iter(offered), None)


def pruned_at(plan: Plan, granularity: str) -> tuple[str, ...]:
    """Return the names that ``plan`` prunes at ``granularity``."""
    return tuple(
        name for name, choice in plan.active().items() if family(choice.granularity) == granularity
    )


def bars(
    manifest: Manifest, plan: Plan, curves: Curves, on_page: Sequence[Subject]
) -> list[dict[str, Any]]:
    """Return one bar per subject, plain values for the browser.

    ``heat`` lists ``(sparsity, level)`` of the choice's own curve, level 0 to 1 as the square
    root of the drop: where the layer alone breaks, the bar's background says so. ``title`` tells
    a layer's weights from its units where both are on the page.
    """
    made, strongest = [], words_of(manifest).usual(STRONGEST)
    mixed = len({subject.granularity for subject in on_page}) > 1
    for subject in on_page:
        name = subject.name
        choice = choice_of(plan, name, subject.default)
        curve = curves.get(CurveKey(name, choice.method, plan.recovery, plan.seed))
        points = curve.points if curve is not None else ()
        grouped = choice.granularity in UNITS
        single = is_single(choice.granularity)
        pattern = choice_at(choice.method, 1.0).sparsity if single else None
        made.append(
            {
                "name": name,
                "title": f"{name} {subject.granularity}s" if mixed else name,
                "label": f"{name} {MARKS[subject.granularity]}" if mixed else name,
                "kind": subject.granularity,
                "value": choice.sparsity,
                "locked": choice.locked,
                "units": manifest.group(name).units if grouped and not single else None,
                "pattern": pattern,
                "heat": [
                    (point.sparsity, round(min(max(point.drop, 0.0) / strongest, 1.0) ** 0.5, 3))
                    for point in points
                ],
            }
        )
    return made


def elsewhere(plan: Plan, on_page: Sequence[Subject]) -> list[tuple[str, str, float]]:
    """Return ``(name, granularity, sparsity)`` of what the plan prunes and no bar stands for."""
    shown = {(subject.name, subject.granularity) for subject in on_page}
    return [
        (name, family(choice.granularity), choice.sparsity)
        for name, choice in plan.active().items()
        if (name, family(choice.granularity)) not in shown
    ]


def painted(plan: Plan, edit: Mapping[str, Any], on_page: Sequence[Subject]) -> Plan:
    """Return ``plan`` with what the browser painted, checked as any foreign input.

    Locked choices stay, whatever came; a lock that was taken away with the same edit counts as
    away, one that was set comes after the values.

    Args:
        plan: As it is now.
        edit: ``names``, ``values`` and, where locks changed, ``locks`` of all bars, as the browser
            knew them.
        on_page: The bars as they are now.

    Raises:
        BadValue: Other bars than those on the page, or a value that is no sparsity.
    """
    names = [subject.name for subject in on_page]
    given, values = edit.get("names"), edit.get("values")
    locks = edit.get("locks")
    if (
        not isinstance(values, list)
        or given != names
        or len(values) != len(names)
        or not (locks is None or (isinstance(locks, list) and len(locks) == len(names)))
    ):
        raise BadValue(
            f"Expected one sparsity for each of the {len(names)} layers on the page, but the "
            "browser painted others. Paint again."
        )
    now = _locked(plan, on_page, locks, False)
    changes = {}
    for subject, value in zip(on_page, values, strict=True):
        before = choice_of(now, subject.name, subject.default)
        choice = choice_at(before.method, sparsity(value))
        if before.locked or choice.sparsity == before.sparsity:
            continue
        if choice.sparsity > 0 or subject.name not in changes:  # one choice per name: what leaves
            changes[subject.name] = choice
    return _locked(now.setting(changes) if changes else now, on_page, locks, True)


def _locked(plan: Plan, on_page: Sequence[Subject], locks: list[Any] | None, wanted: bool) -> Plan:
    """The plan with the locks that became ``wanted``; a layer and its group share one."""
    for subject, lock in zip(on_page, locks or (), strict=False):
        if lock is wanted and choice_of(plan, subject.name, subject.default).locked is not wanted:
            plan = set_locks(plan, [subject.name], wanted, subject.default)
    return plan
