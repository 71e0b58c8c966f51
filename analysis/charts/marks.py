"""What a mark of a curve says when it is pointed at."""

from collections.abc import Mapping
from typing import Any


def described(row: Mapping[Any, Any]) -> str:
    """Return the point ``row``, as from ``curves.seeds.over_seeds``, in lines of HTML."""
    half = (row["high"] - row["low"]) / 2
    if row["seeds"] > 1:
        return (
            f"<b>{100 * row['sparsity']:g} %</b>: {row['removed']:,} of {row['total']:,} removed"
            f"<br>mean of {row['seeds']} seeds, from the best to the worst:"
            f"<br>score {100 * row['score']:.2f} %, {100 * row['score_max']:.2f} to "
            f"{100 * row['score_min']:.2f} %"
            f"<br>drop {100 * row['drop']:.2f} pt, {100 * row['drop_min']:.2f} to "
            f"{100 * row['drop_max']:.2f} pt<br>{row['samples']:,} samples each"
        )
    noise = " · within noise" if row["noise"] else ""
    broken = f"<br>{row['nonfinite']} samples gave NaN or infinity" if row["nonfinite"] else ""
    return (
        f"<b>{100 * row['sparsity']:g} %</b> asked, {row['removed']:,} of {row['total']:,} removed"
        f"<br>score {100 * row['score']:.2f} %"
        f"<br>drop {100 * row['drop']:.2f} ± {100 * half:.2f} pt{noise}"
        f"<br>{_seen(row)}{broken}"
    )


def _seen(row: Mapping[Any, Any]) -> str:
    """How many samples, and what the unseen ones can still change."""
    better = "<br>certainly better than dense on images like these" if row["high"] < 0 else ""
    if not row["partial"]:
        return f"{row['samples']:,} samples{better}"
    return (
        f"{row['samples']:,} of {row['population']:,} samples so far; all of them: drop within "
        f"± {100 * row['split_half']:.2f} pt of this{better}"
    )
