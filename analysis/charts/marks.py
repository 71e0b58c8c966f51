"""What a mark of a curve says when it is pointed at."""

from collections.abc import Mapping
from typing import Any

from prunescope.text.numbers import counted, exact
from prunescope.text.scores import ScoreWords


def described(row: Mapping[Any, Any], words: ScoreWords) -> str:
    """Return the point ``row``, as from ``curves.seeds.over_seeds``, in lines of HTML.

    ``words`` are of the study's metric.
    """
    lost = words.loss_word
    half = (row["high"] - row["low"]) / 2
    if row["seeds"] > 1:
        return (
            f"<b>{100 * row['sparsity']:g} %</b>: {_removed(row)}"
            f"<br>mean of {row['seeds']} seeds, from the best to the worst:"
            f"<br>score {words.score(row['score'])}, {words.score(row['score_max'])} to "
            f"{words.score(row['score_min'])}"
            f"<br>{lost} {words.drop(row['drop'])}, {words.drop(row['drop_min'])} to "
            f"{words.drop(row['drop_max'])}<br>{counted(row['samples'], 'sample')} each"
        )
    noise = " · within noise" if row["noise"] else ""
    broken = f"<br>{row['nonfinite']} samples gave NaN or infinity" if row["nonfinite"] else ""
    return (
        f"<b>{100 * row['sparsity']:g} %</b> asked, {_removed(row)}"
        f"<br>score {words.score(row['score'])}"
        f"<br>{lost} {words.around(row['drop'], half)}{noise}"
        f"<br>{_seen(row, words)}{broken}"
    )


def _removed(row: Mapping[Any, Any]) -> str:
    return f"{exact(row['removed'])} of {exact(row['total'])} removed"


def _seen(row: Mapping[Any, Any], words: ScoreWords) -> str:
    """How many samples, and what the unseen ones can still change."""
    better = "<br>certainly better than dense on images like these" if row["high"] < 0 else ""
    if not row["partial"]:
        return f"{counted(row['samples'], 'sample')}{better}"
    return (
        f"{exact(row['samples'])} of {exact(row['population'])} samples so far; all of them: "
        f"{words.loss_word} within ± {words.half(row['drop'], row['split_half'])} of this{better}"
    )
