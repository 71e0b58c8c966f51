"""The plan as bars to paint, and painted bars as a plan. No Streamlit."""

from collections.abc import Mapping, Sequence
from typing import Any

from prunescope.curves.curve import CurveKey, Curves
from prunescope.errors import BadValue
from prunescope.planning.edits import choice_at, choice_of
from prunescope.study import Manifest, Method, sparsity
from prunescope.study.method import UNITS, is_single
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

STRONGEST = 0.3
"""Drop from which a bar's background has its last colour: so much of scores that are no shares."""


def bars(
    manifest: Manifest, plan: Plan, curves: Curves, names: Sequence[str], default: Method
) -> list[dict[str, Any]]:
    """Return one bar per subject, plain values for the browser.

    ``heat`` lists ``(sparsity, level)`` of the choice's own curve, level 0 to 1 as the square
    root of the drop: where the layer alone breaks, the bar's background says so.
    """
    made, strongest = [], words_of(manifest).usual(STRONGEST)
    for name in names:
        choice = choice_of(plan, name, default)
        curve = curves.get(CurveKey(name, choice.method, plan.recovery, plan.seed))
        points = curve.points if curve is not None else ()
        grouped = choice.granularity in UNITS
        single = is_single(choice.granularity)
        pattern = choice_at(choice.method, 1.0).sparsity if single else None
        made.append(
            {
                "name": name,
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


def painted(plan: Plan, edit: Mapping[str, Any], names: Sequence[str], default: Method) -> Plan:
    """Return ``plan`` with what the browser painted, checked as any foreign input.

    Locked choices stay, whatever came.

    Args:
        plan: As it is now.
        edit: ``names`` and ``values`` of all bars, as the browser knew them.
        names: The bars as they are now.
        default: Method of subjects that had none.

    Raises:
        BadValue: Other bars than those on the page, or a value that is no sparsity.
    """
    given, values = edit.get("names"), edit.get("values")
    if not isinstance(values, list) or given != list(names) or len(values) != len(names):
        raise BadValue(
            f"Expected one sparsity for each of the {len(names)} layers on the page, but the "
            "browser painted others. Paint again."
        )
    changes = {}
    for name, value in zip(names, values, strict=True):
        before = choice_of(plan, name, default)
        now = choice_at(before.method, sparsity(value))
        if not before.locked and now.sparsity != before.sparsity:
            changes[name] = now
    return plan.setting(changes) if changes else plan
