"""What every way to deliver a plan scores, weighs and takes, as points of one front. Torch-free."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prunescope.errors import PrunescopeError
from prunescope.export.export_report import ExportReport, export_folder, read_report
from prunescope.export.formats.registry import export_formats, format_title
from prunescope.recovery.training.fine_tuning_report import results_of
from prunescope.statistics.proportion import score_interval
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.plan import Plan
from prunescope.text.scores import ScoreWords, words_of

RAW: Final = "raw"
TUNED: Final = "fine-tuned"
PRUNED: Final = "pruned"
COUNTED: Final = "in memory"
"""What stands for the file of a model that was measured and not exported."""


@dataclass(frozen=True)
class Delivered:
    """One model as it can be delivered, measured.

    Attributes:
        plan: Its name.
        variant: ``raw``, a recovery's name, ``fine-tuned``, or that with its schedule.
        rounding: Of its numbers, such as ``int8``; empty for the model's own.
        file: What holds it, for people.
        bytes: Of the file; of the tensors where none was written.
        seconds: That one sample alone takes in a fresh process; None where it was not timed.
        score: Mean validation score, as stored.
        low: Lower end of its 95 % interval over samples like these; None where it is
            no mean of shares.
        high: Upper end.
        exported: Whether the numbers are those of a verified file.
    """

    plan: str
    variant: str
    rounding: str
    file: str
    bytes: int
    seconds: float | None
    score: float
    low: float | None
    high: float | None
    exported: bool

    @property
    def label(self) -> str:
        """The variant with what its numbers are rounded to."""
        return f"{self.variant} + {self.rounding}" if self.rounding else self.variant

    @property
    def numbers(self) -> str:
        """What the numbers are, whatever was done to the weights."""
        return f"{PRUNED} + {self.rounding}" if self.rounding else PRUNED


def delivered(
    study: StudyFolder, plan: Plan, tensor_bytes: Callable[[Plan], int]
) -> tuple[Delivered, ...]:
    """Return every measured way to deliver ``plan``, with whatever recovery, and what it costs.

    Plans of the study that remove the same with another recovery count as the same plan: raw,
    refitted, distilled and fine-tuned networks are points of one front.

    Args:
        study: With its verified plans, fine-tunings and exports.
        plan: Whose choices are delivered.
        tensor_bytes: From a plan to the bytes of what it leaves, for what no file was written of.
    """
    words = words_of(study.manifest)
    points: list[Delivered] = []
    for variant in _variants(study, plan):
        size = tensor_bytes(variant)
        name = RAW if variant.recovery == "none" else variant.recovery
        exports = list(_exports(study, variant, recovered=False))
        points += _files(exports, variant, name, words)
        rows = study.verified()
        rows = rows[(rows["digest"] == variant.digest) & (rows["split"] == "validation")]
        if len(rows) and not any(point.variant == name and not point.rounding for point in points):
            samples = int(rows.iloc[0]["samples"])
            score = float(rows.iloc[0]["score_sum"]) / samples
            points.append(
                _point(variant.name, name, "", COUNTED, size, None, score, samples,
                       words, exported=False)
            )  # fmt: skip
        tuned = results_of(study.folder, variant)
        after = "" if variant.recovery == "none" else f" after {variant.recovery}"
        best = max(tuned.values(), key=lambda result: result.after.score, default=None)
        files = list(_exports(study, variant, recovered=True))
        of_best = [
            report for report in files
            if best is not None and report.outdated(best.weights_hash) is None
        ]  # fmt: skip
        for schedule, result in tuned.items():
            how = f"{TUNED}{after}" + ("" if schedule == "at once" else f", {schedule}")
            mine = of_best if result is best else []
            points += _files(mine, variant, how, words)
            if not any(not entry.rounding and entry.variant == how for entry in points):
                points.append(
                    _point(variant.name, how, "", COUNTED, size, None,
                           result.after.score, result.after.samples, words, exported=False)
                )  # fmt: skip
    return tuple(points)


def exported_files(study: StudyFolder) -> tuple[Delivered, ...]:
    """Return the verified files of every saved plan, so that plans and their numbers compare.

    Files of an earlier fine-tuning are left out.

    Args:
        study: With its saved plans and exports.
    """
    words = words_of(study.manifest)
    points: list[Delivered] = []
    for plan in _saved(study):
        name = RAW if plan.recovery == "none" else plan.recovery
        points += _files(_exports(study, plan, recovered=False), plan, name, words)
        reports = list(_exports(study, plan, recovered=True))
        tuned = results_of(study.folder, plan).values() if reports else ()
        current = [r for r in reports if any(r.outdated(t.weights_hash) is None for t in tuned)]
        points += _files(current, plan, TUNED, words)
    return tuple(points)


def best_of(points: Iterable[Delivered], by_time: bool = False) -> tuple[Delivered, ...]:
    """Return the points that no other beats in score and in bytes, or in time, by rising cost."""
    front: list[Delivered] = []
    known = [point for point in points if not by_time or point.seconds is not None]
    for point in sorted(known, key=lambda each: (_cost(each, by_time), -each.score)):
        if not front or point.score > front[-1].score:
            front.append(point)
    return tuple(front)


def _cost(point: Delivered, by_time: bool) -> float:
    return (point.seconds or 0.0) if by_time else float(point.bytes)


def _variants(study: StudyFolder, plan: Plan) -> Iterator[Plan]:
    """The plan, and saved or measured plans that remove the same with another recovery."""
    wanted, seen = _removal(plan), {plan.digest}
    yield plan
    others = list(_saved(study))
    for text in study.verified()["plan"]:
        try:
            others.append(from_json(Plan, text, "a verified plan"))
        except PrunescopeError:
            continue
    for other in others:
        if other.digest not in seen and _removal(other) == wanted:
            seen.add(other.digest)
            yield other


def _saved(study: StudyFolder) -> Iterator[Plan]:
    for name in study.plans():
        try:
            yield study.plan(name)
        except PrunescopeError:  # of another version, or damaged: the page of plans says so
            continue


def _removal(plan: Plan) -> tuple[object, ...]:
    """What a plan removes, whatever follows."""
    choices = {
        name: (choice.criterion, choice.granularity, choice.sparsity)
        for name, choice in plan.active().items()
    }
    return plan.fingerprint, plan.seed, tuple(sorted(choices.items()))


def _exports(study: StudyFolder, plan: Plan, recovered: bool) -> Iterator[ExportReport]:
    report = read_report(export_folder(study.folder, plan.digest, recovered))
    if report is not None:
        yield report


def _files(
    reports: Iterable[ExportReport], plan: Plan, variant: str, words: ScoreWords
) -> Iterator[Delivered]:
    """The verified files whose score was taken."""
    rounding = {kind.name: kind.rounding for kind in export_formats()}
    for report in reports:
        for entry in report.formats:
            if entry.ok and entry.score is not None:
                yield _point(
                    plan.name, variant, rounding.get(entry.format, ""), format_title(entry.format),
                    entry.bytes, entry.seconds_per_sample, entry.score, report.samples, words,
                    exported=True,
                )  # fmt: skip


def _point(
    plan: str, variant: str, rounding: str, file: str, size: int, seconds: float | None,
    score: float, samples: int, words: ScoreWords, exported: bool,
) -> Delivered:  # fmt: skip
    interval = score_interval(score, samples, words.metric)
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return Delivered(
        plan, variant, rounding, file, size, seconds, score, low, high, exported
    )  # fmt: skip
