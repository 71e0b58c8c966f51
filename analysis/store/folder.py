"""The study folder: the only channel between the engine and the dashboard."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import pandas as pd

from prunescope.commands import next_steps
from prunescope.errors import BadReference, ForeignStudy, WouldOverwrite
from prunescope.store.files import require_present
from prunescope.store.json_documents import write_document
from prunescope.store.largest_sparsities import (
    LARGEST_KEY,
    LargestSparsity,
    newest_answers,
)
from prunescope.store.logits import LogitStore
from prunescope.store.manifests import read_manifest
from prunescope.store.measurements import VERIFICATION_KEY, Measurement, Verification
from prunescope.store.parquet_table import Table, rows_of
from prunescope.store.plan_answers import ANSWERS_KEY, PlanAnswers
from prunescope.store.predicted_points import (
    PREDICTED_KEY,
    PredictedPoint,
    newest_predictions,
)
from prunescope.store.rows_of_study import own_rows, recoveries_of, superseded_rows
from prunescope.store.saved_plans import SavedPlans
from prunescope.store.screenings import Screening
from prunescope.store.unit_scores import UNIT_SCORES_KEY, UnitScores
from prunescope.study import Manifest
from prunescope.study.bounds import checked_path
from prunescope.study.other_metrics import drawn_manifest, drawn_rows, place_of
from prunescope.study.plan import Plan
from prunescope.study.point import KEY
from prunescope.study.recoveries import RECOVERIES
from prunescope.text.numbers import counted

MANIFEST: Final = "study.json"
_TABLES: Final[dict[str, tuple[type[object], tuple[str, ...]]]] = {
    "measurements": (Measurement, KEY),
    "verifications": (Verification, VERIFICATION_KEY),
    "screening": (Screening, KEY),
    "largest": (LargestSparsity, LARGEST_KEY),
    "predicted": (PredictedPoint, PREDICTED_KEY),
    "answers": (PlanAnswers, ANSWERS_KEY),
    "unit_scores": (UnitScores, UNIT_SCORES_KEY),
}
TABLES: Final = tuple(_TABLES)
"""Folders of a study's tables of rows. A further table is a line above."""


@dataclass(frozen=True)
class StudyFolder:
    """A study folder and its manifest; everything in it belongs to one fingerprint."""

    folder: Path
    manifest: Manifest
    drawn: int | None = None

    @classmethod
    def create(cls, folder: Path, manifest: Manifest) -> Self:
        """Make ``folder`` a study, or join it when it already is the same one.

        Raises:
            ForeignStudy: The folder's study was made from other weights, data or metric.
            WouldOverwrite: The folder lies in another study.
        """
        checked_path(folder, "the study")
        if (folder / MANIFEST).exists():
            existing = cls.open(folder)
            existing.require(manifest)
            return existing
        around = next((f for f in folder.resolve().parents if (f / MANIFEST).is_file()), None)
        if around is not None:
            raise WouldOverwrite(
                f"Expected a place outside of every study for a new one, but {folder} lies in the "
                f"study {around}. Choose another with {next_steps.study_folder()}."
            )
        write_document(folder / MANIFEST, manifest)
        return cls(folder, manifest)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the study in ``folder``; raises ``BadReference`` when there is none."""
        checked_path(folder, "the study")
        if not (folder / MANIFEST).is_file():
            raise BadReference(
                f"Expected a study folder with {MANIFEST}, but {folder} has none. "
                f"Make one: {next_steps.make_study()}."
            )
        return cls(folder, read_manifest(folder / MANIFEST))

    def require(self, other: Manifest) -> None:
        """Raise ``ForeignStudy``, naming what differs, unless ``other`` is about the same."""
        if self.manifest.fingerprint == other.fingerprint:
            return
        differ = differing_parts(self.manifest, other)
        raise ForeignStudy(
            f"Expected the study {self.folder} to be about the same model and data, but its "
            f"{' and '.join(differ)} differ: it was made from {self.manifest.reference.model} on "
            f"{self.manifest.reference.data}. Choose another folder with "
            f"{next_steps.study_folder()}, or give back "
            f"the {differ[0]} that it was made from."
        )

    def require_present(self) -> None:
        """Raise ``StorageFailure`` where somebody has moved or removed the study meanwhile."""
        require_present(self.folder / MANIFEST)

    def update(self, manifest: Manifest) -> Self:
        """Write ``manifest`` in place of the present one and return the study with it."""
        self.require(manifest)
        write_document(self.folder / MANIFEST, manifest)
        return replace(self, manifest=manifest)

    @property
    def measurements(self) -> Table:
        """All measured points."""
        return self._table("measurements")

    @property
    def verifications(self) -> Table:
        """All verified plans."""
        return self._table("verifications")

    @property
    def screening(self) -> Table:
        """All screened points."""
        return self._table("screening")

    @property
    def largest(self) -> Table:
        """The largest sparsities within limits, as searches found them."""
        return self._table("largest")

    @property
    def predicted(self) -> Table:
        """What first looks predict of points that nobody may have measured."""
        return self._table("predicted")

    @property
    def answers(self) -> Table:
        """What measured plans answer to every sample."""
        return self._table("answers")

    @property
    def unit_scores(self) -> Table:
        """The scores of single units by which measured plans chose."""
        return self._table("unit_scores")

    @property
    def logits(self) -> LogitStore:
        """What the measured points answered, sample by sample."""
        return LogitStore(self.folder / "logits")

    @property
    def tables(self) -> dict[str, Table]:
        """All tables of rows, by the names of their folders."""
        return {name: self._table(name) for name in TABLES}

    def _table(self, name: str) -> Table:
        row, key = _TABLES[name]
        return Table(self.folder / name, row, key, self.folder / MANIFEST)

    def measured(self) -> pd.DataFrame:
        """Return the measurements of this study's fingerprint and the engine's version."""
        return self._drawn(own_rows(self.measurements.read(), self.manifest))

    def screened(self) -> pd.DataFrame:
        """Return the screenings of this study's fingerprint and the engine's version."""
        return own_rows(self.screening.read(), self.manifest)

    def largest_sparsities(self) -> tuple[LargestSparsity, ...]:
        """Return what searches found of this study, one answer a curve and limit."""
        frame = own_rows(self.largest.read(), self.manifest)
        return newest_answers(rows_of(self.largest, frame))

    def predictions(self) -> tuple[PredictedPoint, ...]:
        """Return what first looks predict of this study, the newest of each point."""
        frame = own_rows(self.predicted.read(), self.manifest)
        return newest_predictions(rows_of(self.predicted, frame))

    def verified(self) -> pd.DataFrame:
        """Return the verifications of this study's fingerprint and the engine's version."""
        return self._drawn(own_rows(self.verifications.read(), self.manifest))

    def answered(self) -> frozenset[str]:
        """Return the digests of the plans whose answers on the validation split are stored."""
        frame = own_rows(self.answers.read(("recovery",)), self.manifest)
        return frozenset(frame.loc[frame["split"] == "validation", "digest"])

    def answered_samples(self, digest: str) -> PlanAnswers | None:
        """Return what the measured plan answers to every validation sample, if that is stored."""
        frame = own_rows(self.answers.read(), self.manifest)
        chosen = (frame["digest"] == digest) & (frame["split"] == "validation")
        rows: list[PlanAnswers] = list(rows_of(self.answers, frame[chosen]))
        return rows[0] if rows else None

    def scored_units(self) -> tuple[UnitScores, ...]:
        """Return the scores of single units that are stored."""
        return tuple(rows_of(self.unit_scores, own_rows(self.unit_scores.read(), self.manifest)))

    def drawn_by(self, metric: str) -> Self:
        """Return the study as it looks by another metric that it stores; for reading only.

        Args:
            metric: As it was written for the sweep, or as it is shown.

        Raises:
            UnknownName: The study does not store it.
        """
        place = place_of(self.manifest, metric)
        if place is None:
            return self
        return replace(self, manifest=drawn_manifest(self.manifest, place), drawn=place)

    def _drawn(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows if self.drawn is None else drawn_rows(rows, self.drawn)

    def damaged(self) -> list[Path]:
        """Return the files of rows and logits that were set aside as unreadable."""
        rows = [path for table in self.tables.values() for path in table.damaged()]
        return rows + self.logits.damaged()

    def foreign(self) -> int:
        """Return how many stored measurements belong to other weights, data or settings."""
        frame = self.measurements.read()
        return len(frame) - len(own_rows(frame, self.manifest))

    @property
    def saved_plans(self) -> SavedPlans:
        """The named plans of this study, and those in its trash."""
        return SavedPlans(self.folder / "plans", self.manifest)

    def superseded(self) -> str | None:
        """Return which measurements an earlier engine made otherwise, in a sentence, or None.

        They are never shown beside new ones. Those that were measured again do not count.
        """
        points = superseded_rows(self.measurements.read(("version",)), self.manifest)
        verified = superseded_rows(self.verifications.read(("version", "plan")), self.manifest)
        if not len(points) and not len(verified):
            return None
        recoveries = {*recoveries_of(points), *recoveries_of(verified)}
        names = [name for name in RECOVERIES if name in recoveries]
        counts = [counted(len(points), "point")] * bool(len(points))
        counts += [counted(len(verified), "verified plan")] * bool(len(verified))
        return (
            f"Set aside: {' and '.join(counts)} with recovery {' and '.join(names)}, measured by "
            "an earlier version that recovered points otherwise than plans. Measure again: "
            f"{next_steps.measure_again(tuple(names), self.folder)}."
        )

    def plans(self) -> tuple[str, ...]:
        """Return the names of the saved plans."""
        return self.saved_plans.names()

    def save_plan(self, plan: Plan) -> Path:
        """Write ``plan`` under its name into the study and return the file."""
        self.require_present()
        return self.saved_plans.save(plan)

    def plan(self, name: str) -> Plan:
        """Return the saved plan ``name``, made for these weights and this data."""
        return self.saved_plans.open(name)


def differing_parts(own: Manifest, other: Manifest) -> list[str]:
    """Return what differs between the studies of two fingerprints, such as ``weights``."""
    names = [part for part in other.parts if own.parts.get(part) != other.parts[part]]
    return names or ["settings"]


def find_studies(folder: Path) -> tuple[Path, ...]:
    """Return the study folders directly in ``folder``, or ``folder`` itself, by name.

    Those that a dot hides are none: thrown away, or looked at before they are made.
    """
    if (folder / MANIFEST).is_file():
        return (folder,)
    found = (path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return tuple(sorted(path for path in found if not path.name.startswith(".")))
