"""The validation samples that a pruned model answers otherwise than the dense one. Torch-free."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.store.json_documents import read_document, write_document
from prunescope.text.numbers import counted, exact
from prunescope.text.units import percent

MOST_SHOWN: Final = 24


@dataclass(frozen=True)
class ChangedSample:
    """A sample with its two answers.

    Attributes:
        index: Of the sample in the validation split.
        target: Its class, in words; empty without class labels.
        dense: What the dense model answers: a class, or its score.
        pruned: What the pruned model answers.
        picture: A PNG image in base 64; empty where inputs are no images.
    """

    index: int
    target: str
    dense: str
    pruned: str
    picture: str = ""


@dataclass(frozen=True)
class ChangedSamples:
    """All samples that changed, counted, and some of them shown.

    Attributes:
        digest: Of the plan.
        recovered: Whether the pruned model's weights are the fine-tuned ones.
        samples: Of the validation split.
        changed: With another answer.
        lost: Of them, with a lower score than before.
        won: Of them, with a higher one.
        shown: Some of them, those that were lost first.
    """

    digest: str
    recovered: bool
    samples: int
    changed: int
    lost: int
    won: int
    shown: tuple[ChangedSample, ...]

    def sentence(self) -> str:
        """Return how many changed, for the worse and for the better.

        >>> ChangedSamples("d", False, 200, 4, 2, 1, ()).sentence().partition(":")[0]
        '4 of 200 validation samples (2.0 %) are answered otherwise by the pruned model'
        """
        which = "fine-tuned" if self.recovered else "pruned"
        return (
            f"{exact(self.changed)} of {counted(self.samples, 'validation sample')} "
            f"({percent(self.changed / self.samples if self.samples else 0.0)}) are answered "
            f"otherwise by the {which} model: {exact(self.lost)} were better before, "
            f"{exact(self.won)} are better now, the others score the same."
        )


def changed_path(study: Path, digest: str, recovered: bool = False) -> Path:
    """Return where the study folder ``study`` keeps the changed samples of the plan ``digest``."""
    return study / "changed" / f"{digest}{'-recovered' if recovered else ''}.json"


def read_changed(study: Path, digest: str, recovered: bool = False) -> ChangedSamples | None:
    """Return them, or None where nobody looked yet.

    Raises:
        DamagedFile: The file holds something else.
    """
    path = changed_path(study, digest, recovered)
    return read_document(ChangedSamples, path) if path.is_file() else None


def write_changed(study: Path, changed: ChangedSamples) -> None:
    """Keep ``changed`` in the study folder ``study``."""
    path = changed_path(study, changed.digest, changed.recovered)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_document(path, changed)
