"""What a single unit of a group is worth: its score, and what it carries. No Streamlit."""

from collections.abc import Sequence

import numpy as np

from prunescope.study import Manifest
from prunescope.study.network_size import frees
from prunescope.study.plan import Choice
from prunescope.text import plain, units
from prunescope.text.numbers import exact

NOT_STORED = "its score was not stored when this plan was measured"


def unit_words(manifest: Manifest, name: str, choice: Choice, scores: Sequence[float]) -> list[str]:
    """Return a hover text for every unit of the group ``name``.

    Args:
        manifest: Of the study.
        name: Of the group.
        choice: What the plan removes of it; its criterion made the scores.
        scores: ``(units,)`` in the dense network's order; empty where they are not stored.

    Returns:
        Score and place among all (1 leaves first), parameters and multiply-accumulates that the
        unit carries: what is freed when it alone leaves, its share of the model in brackets.
    """
    count = manifest.group(name).units
    parameters, macs = frees(manifest, name, 1)
    carries = (
        f"carries {units.count(parameters)} weights "
        f"({units.percent(parameters / max(manifest.parameters, 1), 2)})"
    )
    if macs:
        carries += f" and {units.macs(macs)} ({units.percent(macs / max(manifest.macs, 1), 2)})"
    if len(scores) != count:
        return [f"{carries}<br>{NOT_STORED}"] * count
    places = np.empty(count, int)
    places[np.argsort(np.asarray(scores, float), kind="stable")] = np.arange(1, count + 1)
    rule = plain.mark(choice.criterion)
    return [
        f"score {score:.4g} by {rule}, {exact(place)} of {exact(count)} from below<br>{carries}"
        for score, place in zip(scores, places, strict=True)
    ]
