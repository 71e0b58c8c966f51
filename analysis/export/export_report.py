"""What an export promised and what its reloaded files gave. Torch-free.

An export is a folder, ``STUDY/exports/DIGEST`` or ``STUDY/exports/DIGEST-recovered``, with one
file per format, ``recipe.json``, ``load.py`` and ``verification.json``: an ``ExportReport``. A
file that fails its verification is renamed ``NAME.failed``, so a name without that ending was
verified.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prunescope.export.install import REPORT, finish_install
from prunescope.html_tables import table
from prunescope.store.json_documents import read_document, write_document
from prunescope.text.numbers import exact
from prunescope.text.units import bytes_

LOADER: Final = "load.py"


@dataclass(frozen=True)
class Check:
    """One promise and what the reloaded file gave.

    Attributes:
        name: What is compared: ``loads``, ``outputs``, ``accuracy``, ``zeros``, ``bytes``, ...
        promised: What the screen says, for people.
        got: What the file gives, for people.
        ok: Whether the promise is kept.
        value: What the file gives as a number, where one is shown elsewhere: the mean score of
            ``accuracy``, the seconds of ``latency``.
        shown: That number in words, in the unit of the study's metric; empty where it has none.
    """

    name: str
    promised: str
    got: str
    ok: bool
    value: float | None = None
    shown: str = ""


@dataclass(frozen=True)
class FormatCheck:
    """One written file, reloaded in a fresh process and compared.

    Attributes:
        format: Name of one of ``prunescope.export.formats``.
        file: Name in the export's folder; ends in ``.failed`` when a check failed, empty when
            nothing was written.
        bytes: On disk.
        compressed_bytes: Of the file deflated (zlib level 6): what a zipped download weighs.
        seconds: That writing, reloading and comparing took.
        checks: In the order in which they were made.
        refused: Why nothing was written, else None.
    """

    format: str
    file: str
    bytes: int
    compressed_bytes: int
    seconds: float
    checks: tuple[Check, ...] = ()
    refused: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the file exists and keeps every promise: only then it is offered."""
        return self.refused is None and bool(self.checks) and all(c.ok for c in self.checks)

    @property
    def score(self) -> float | None:
        """The reloaded file's mean score on the validation split; None where it was not taken."""
        return self._value("accuracy")

    @property
    def score_in_words(self) -> str:
        """The same with its unit; in reports from before units were noted the plain number."""
        check = next((check for check in self.checks if check.name == "accuracy"), None)
        if check is None or check.value is None:
            return ""
        return check.shown or f"{check.value:.4g}"

    @property
    def seconds_per_sample(self) -> float | None:
        """What one sample alone takes in the fresh process; None where it was not timed."""
        return self._value("latency")

    def _value(self, name: str) -> float | None:
        return next((check.value for check in self.checks if check.name == name), None)

    @property
    def reason(self) -> str | None:
        """Why the file is not offered, in one sentence; None when it is."""
        if self.refused is not None:
            return self.refused
        broken = next((check for check in self.checks if not check.ok), None)
        if broken is None:
            return None if self.checks else "Nothing was checked."
        return f"{broken.name}: promised {broken.promised}, but got {broken.got}."


@dataclass(frozen=True)
class ExportReport:
    """An export and its verification.

    Attributes:
        digest: Of the plan.
        plan: The plan's name.
        fingerprint: Of the study.
        recovered: Whether the weights are the fine-tuned ones.
        weights_sha256: Of the exported tensors (names, types, shapes, values).
        removed: Weights removed, exact.
        parameters: Of the dense model.
        samples: Validation samples that were run through every reloaded file.
        formats: One entry per format that was asked for, in the order of lists.
        versions: Of what wrote and reloaded the files.
        fine_tuned_hash: ``FineTuned.weights_hash`` of the fine-tuned weights that were exported;
            empty without fine-tuning, and in reports from before it was noted.
        files: Name → SHA-256 of every file beside the report, so that a later export knows what it
            may replace; empty in reports from before it was noted.
    """

    digest: str
    plan: str
    fingerprint: str
    recovered: bool
    weights_sha256: str
    removed: int
    parameters: int
    samples: int
    formats: tuple[FormatCheck, ...]
    versions: dict[str, str]
    fine_tuned_hash: str = ""
    files: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every format that was asked for is offered."""
        return bool(self.formats) and all(entry.ok for entry in self.formats)

    def _repr_html_(self) -> str:
        rows = [
            (
                entry.format,
                entry.file or "nothing",
                bytes_(entry.bytes),
                "verified" if entry.ok else f"not offered: {entry.reason}",
            )
            for entry in self.formats
        ]
        notes = [
            f"{exact(self.removed)} of {exact(self.parameters)} parameters removed. Each file was "
            f"reloaded in a fresh process and compared on {exact(self.samples)} validation samples."
        ]
        return table(f"Export of {self.plan!r}", ("format", "file", "size", ""), rows, notes)

    def format(self, name: str) -> FormatCheck | None:
        """Return the entry of format ``name``, or None when it was not asked for."""
        return next((entry for entry in self.formats if entry.format == name), None)

    def outdated(self, weights_hash: str) -> str | None:
        """Return why the files are not of these fine-tuned weights; None when they are.

        Args:
            weights_hash: ``FineTuned.weights_hash`` of the plan's fine-tuning as it is now.
        """
        if self.fine_tuned_hash == weights_hash:
            return None
        if not self.fine_tuned_hash:
            return "The export does not say which fine-tuning it is from; export again."
        return "The plan was exported from an earlier fine-tuning; export again."


EXPORTS: Final = "exports"


def export_folder(study: Path, digest: str, recovered: bool = False) -> Path:
    """Return where the study folder ``study`` keeps the export of the plan ``digest``."""
    return study / EXPORTS / (f"{digest}-recovered" if recovered else digest)


def read_report(folder: Path) -> ExportReport | None:
    """Return the report of the export in ``folder``, or None when nothing was exported there.

    Raises:
        DamagedFile: The report cannot be read as one.
        StorageFailure: An export was killed while its files were moved, and cannot be finished.
    """
    finish_install(folder)
    path = folder / REPORT
    return read_document(ExportReport, path) if path.is_file() else None


def write_report(folder: Path, report: ExportReport) -> None:
    """Write ``report`` next to the files that it is about."""
    write_document(folder / REPORT, report)
