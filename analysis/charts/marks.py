"""What a mark of a curve says when it is pointed at."""

from collections.abc import Mapping
from typing import Any

from prunescope.text import units
from prunescope.text.numbers import counted, exact


def described(row: Mapping[Any, Any]) -> str:
    """Return the point ``row``, as from ``curves.seeds.over_seeds``, in lines of HTML."""
    half = (row["high"] - row["low"]) / 2
    if row["seeds"] > 1:
        return (
            f"<b>{100 * row['sparsity']:g} %</b>: {_removed(row)}"
            f"<br>mean of {row['seeds']} seeds, from the best to the worst:"
            f"<br>score {units.percent(row['score'], 2)}, {units.percent(row['score_max'], 2)} to "
            f"{units.percent(row['score_min'], 2)}"
            f"<br>drop {units.points(row['drop'])}, {units.points(row['drop_min'])} to "
            f"{units.points(row['drop_max'])}<br>{counted(row['samples'], 'sample')} each"
        )
    noise = " · within noise" if row["noise"] else ""
    broken = f"<br>{row['nonfinite']} samples gave NaN or infinity" if row["nonfinite"] else ""
    return (
        f"<b>{100 * row['sparsity']:g} %</b> asked, {_removed(row)}"
        f"<br>score {units.percent(row['score'], 2)}"
        f"<br>drop {units.around(row['drop'], half)}{noise}"
        f"<br>{_seen(row)}{broken}"
    )


def _removed(row: Mapping[Any, Any]) -> str:
    return f"{exact(row['removed'])} of {exact(row['total'])} removed"


def _seen(row: Mapping[Any, Any]) -> str:
    """How many samples, and what the unseen ones can still change."""
    better = "<br>certainly better than dense on images like these" if row["high"] < 0 else ""
    if not row["partial"]:
        return f"{counted(row['samples'], 'sample')}{better}"
    return (
        f"{exact(row['samples'])} of {exact(row['population'])} samples so far; all of them: drop "
        f"within ± {units.points(row['split_half'])} of this{better}"
    )
