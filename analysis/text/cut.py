"""Where a model was cut, in words. Torch-free."""

from prunescope.study import Manifest
from prunescope.study.cut import Cut
from prunescope.text.units import count


def cut_sentence(cut: Cut | None) -> str:
    """Return which part is studied, why no more, and of what its scores are; empty without a cut.

    >>> print(cut_sentence(Cut("backbone", "at boxes.py:86", 27_000_000, 36_000_000)))
    Only backbone is studied, the largest part that can be captured: 27 M of 36 M parameters. The rest stays as it is, because capture stopped at boxes.py:86. Scores compare the part's own outputs with the dense part's.
    """  # noqa: E501 - one line of output
    if cut is None:
        return ""
    scores = (
        "Scores are the whole model's: what follows the part runs behind it."
        if cut.scores_whole
        else "Scores compare the part's own outputs with the dense part's."
    )
    return (
        f"Only {cut.part} is studied, the largest part that can be captured: "
        f"{count(cut.parameters)} of {count(cut.of_parameters)} parameters. The rest stays as it "
        f"is, because capture stopped {cut.stopped}. {scores}"
    )


def shortfall(manifest: Manifest) -> str:
    """Return why the model has no graph, or which part of it has one; empty for a whole graph."""
    return manifest.capture_problem or cut_sentence(manifest.reference.cut)


def put_back(cut: Cut) -> str:
    """Return how the pruned part gets back into the user's model."""
    return (
        f"It is the model's {cut.part}. prunescope.load_pruned(model, FOLDER) changes that part of "
        "your model and nothing else."
    )
