"""What the plan does to one layer or group, in sentences. No Streamlit."""

from collections.abc import Sequence

from prunescope.curves.curve import CurveKey, Curves
from prunescope.planning.explain import Reason
from prunescope.study import Manifest
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.network_size import frees
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import real_sparsity, removed_count, units_removed
from prunescope.text import units
from prunescope.text.numbers import counted, exact
from prunescope.text.scores import words_of


def removal(manifest: Manifest, name: str, choice: Choice) -> str:
    """Return what leaves of ``name``, and what that frees by itself, exact."""
    if not choice.sparsity:
        return f"Nothing leaves{', and that is locked' if choice.locked else ''}."
    held = " Locked." if choice.locked else ""
    if choice.granularity not in UNITS:
        total = manifest.layer(name).parameters
        gone = removed_count(total, choice.sparsity)
        return (
            f"{exact(gone)} of {counted(total, 'weight')} become zero, by {choice.method}. Zeros "
            f"stay in the tensor: the download is smaller, a dense runtime no faster.{held}"
        )
    group = manifest.group(name)
    count = units_removed(group, choice.sparsity)
    parameters, macs = frees(manifest, name, count)
    what = (
        "The block leaves" if group.granularity == BLOCK
        else f"{count} of {group.units} {group.granularity}s leave from "
        f"{counted(len(group.layers), 'layer')}, by {choice.method}"
    )  # fmt: skip
    return (
        f"{what}. Alone that frees {units.count(parameters)} parameters "
        f"({units.percent(parameters / max(manifest.parameters, 1))}) and {units.macs(macs)} "
        f"({units.percent(macs / max(manifest.macs, 1))}).{held}"
    )


def alone(manifest: Manifest, plan: Plan, curves: Curves, name: str, choice: Choice) -> str:
    """Return what ``choice`` alone is measured to cost; empty where nothing is removed."""
    if not choice.sparsity:
        return ""
    words = words_of(manifest)
    curve = curves.get(CurveKey(name, choice.method, plan.recovery, plan.seed))
    if curve is None or not curve.points:
        return f"By {choice.method} it was not measured alone."
    real = real_sparsity(manifest, name, choice)
    drop = curve.drop_at(real)
    how = "measured" if curve.at(real) is not None else "between measured points"
    beyond = " or more" if real > curve.points[-1].sparsity else ""
    return f"Alone it costs {words.drop(drop.mean)}{beyond} ({words.span(drop)}, 95 %), {how}."


def without_indices(granularity: str) -> str:
    """Return why it is not known which units of a measured plan leave."""
    return (
        f"Which {granularity}s leave was not stored when this plan was measured; measuring it "
        "again stores it."
    )


def reason(reasons: Sequence[Reason], name: str, choice: Choice) -> str:
    """Return why the solved plan has this choice; empty where no solver made it."""
    grouped = choice.granularity in UNITS  # a layer and the group of its name each have one
    return next((r.why for r in reasons if r.subject == name and r.grouped == grouped), "")
