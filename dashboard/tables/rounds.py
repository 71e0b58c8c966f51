"""The rounds of a gradual schedule as a table."""

import pandas as pd

from prunescope.recovery.training.fine_tuning_report import FineTuned
from prunescope.text.durations import spoken
from prunescope.text.units import count, percent


def rounds_table(result: FineTuned) -> pd.DataFrame:
    """Return a row per round: what is left, and the score before and after training."""
    words = result.words
    rows = [
        {
            "Round": str(each.number),
            "Parameters left": f"{count(each.parameters)} "
            f"({percent(each.parameters / result.total)})",
            "MACs": count(each.macs) if each.macs else "–",
            "Pruned": words.score(each.pruned_score),
            "Tuned": words.score(each.score),
            "Peak rate": f"{each.rate:g}",
            "By then": spoken(each.seconds),
        }
        for each in result.rounds
    ]
    return pd.DataFrame(rows)
