"""The study folder: the only channel between the engine and the dashboard."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import pandas as pd

from prunescope.commands import next_steps
from prunescope.errors import BadReference, BadValue, ForeignStudy, UnknownName, WouldOverwrite
from prunescope.store.files import require_present, storage
from prunescope.store.json_documents import read_document, write_document
from prunescope.store.logits import LogitStore
from prunescope.store.manifests import read_manifest
from prunescope.store.measurements import VERIFICATION_KEY, Measurement, Verification
from prunescope.store.parquet_table import Table
from prunescope.store.read_only import require_writable
from prunescope.store.rows_of_study import own_rows
from prunescope.store.screenings import Screening
from prunescope.study import Manifest
from prunescope.study.bounds import checked_path
from prunescope.study.plan import Plan
from prunescope.study.point import KEY

MANIFEST: Final = "study.json"
_NAME: Final = re.compile(r"[\w][\w .+-]{0,79}")


@dataclass(frozen=True)
class StudyFolder:
    """A study folder and its manifest; everything in it belongs to one fingerprint."""

    folder: Path
    manifest: Manifest

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
        own_parts, other_parts = self.manifest.parts, other.parts
        differ = [part for part in other_parts if own_parts.get(part) != other_parts[part]] or [
            "settings"
        ]
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
        return self._table("measurements", Measurement, KEY)

    @property
    def verifications(self) -> Table:
        """All verified plans."""
        return self._table("verifications", Verification, VERIFICATION_KEY)

    @property
    def screening(self) -> Table:
        """All screened points."""
        return self._table("screening", Screening, KEY)

    @property
    def logits(self) -> LogitStore:
        """What the measured points answered, sample by sample."""
        return LogitStore(self.folder / "logits")

    def _table(self, name: str, row: type[object], key: tuple[str, ...]) -> Table:
        return Table(self.folder / name, row, key, self.folder / MANIFEST)

    def measured(self) -> pd.DataFrame:
        """Return the measurements of this study's fingerprint and the engine's version."""
        return own_rows(self.measurements.read(), self.manifest)

    def screened(self) -> pd.DataFrame:
        """Return the screenings of this study's fingerprint and the engine's version."""
        return own_rows(self.screening.read(), self.manifest)

    def verified(self) -> pd.DataFrame:
        """Return the verifications of this study's fingerprint and the engine's version."""
        return own_rows(self.verifications.read(), self.manifest)

    def damaged(self) -> list[Path]:
        """Return the files of measurements, plans and logits that were set aside as unreadable."""
        return [
            path
            for table in (self.measurements, self.verifications, self.logits)
            for path in table.damaged()
        ]

    def foreign(self) -> int:
        """Return how many stored measurements belong to other weights, data or settings."""
        frame = self.measurements.read()
        return len(frame) - len(own_rows(frame, self.manifest))

    def plans(self) -> tuple[str, ...]:
        """Return the names of the saved plans."""
        return tuple(sorted(path.stem for path in (self.folder / "plans").glob("*.json")))

    def save_plan(self, plan: Plan) -> Path:
        """Write ``plan`` under its name into the study and return the file."""
        if not _NAME.fullmatch(plan.name):
            raise BadValue(
                f"Expected a plan's name of letters, digits, spaces and .+-_ (at most 80), but "
                f"got {plan.name!r}. Choose a simpler name."
            )
        path = self.folder / "plans" / f"{plan.name}.json"
        self.require_present()
        write_document(path, plan)
        return path

    def plan(self, name: str) -> Plan:
        """Return the saved plan ``name``, made for these weights and this data."""
        if name not in self.plans():
            raise UnknownName.among("plan", name, self.plans())
        plan = read_document(Plan, self.folder / "plans" / f"{name}.json")
        plan.require(self.manifest)
        return plan

    def delete_plan(self, name: str) -> None:
        """Remove the saved plan ``name``; nothing happens when there is none."""
        if name not in self.plans():
            return
        path = self.folder / "plans" / f"{name}.json"
        require_writable(path)
        with storage(path):
            path.unlink(missing_ok=True)


def find_studies(folder: Path) -> tuple[Path, ...]:
    """Return the study folders directly in ``folder``, or ``folder`` itself, by name."""
    if (folder / MANIFEST).is_file():
        return (folder,)
    return tuple(sorted(path.parent for path in folder.glob(f"*/{MANIFEST}")))
