"""The table of before and after: what is counted, measured and predicted of each model. Torch-free.

Scores and drops are worded by ``prunescope.text``.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pandas as pd

from prunescope.errors import PrunescopeError
from prunescope.export.export_report import ExportReport
from prunescope.export.formats.registry import export_formats
from prunescope.latency.latency_report import LatencyReport, Timing
from prunescope.latency.plan_memory import peak_memory
from prunescope.planning.preview import Preview
from prunescope.recovery.training.fine_tuning_report import FineTuned, SideBySide
from prunescope.report.plan_report import Quantity, Row
from prunescope.statistics.paired import Interval, paired_interval
from prunescope.statistics.proportion import score_interval, share_interval
from prunescope.study import Manifest
from prunescope.text import units
from prunescope.text.numbers import counted
from prunescope.text.scores import ScoreWords, words_of

DENSE: Final = "dense"
PRUNED: Final = "pruned"
TUNED: Final = "fine-tuned"


def before_after(
    manifest: Manifest,
    preview: Preview,
    verified: pd.DataFrame,
    latency: LatencyReport | None,
    tuned: FineTuned | None,
    exports: Sequence[ExportReport],
) -> tuple[Row, ...]:
    """Return the rows, those without any number left out.

    Args:
        manifest: Of the study.
        preview: What the plan keeps and costs.
        verified: The plan's rows of verified plans, of either split.
        latency: Its timing.
        tuned: Its fine-tuning.
        exports: Its exports.
    """
    rows = [
        *_counted(manifest, preview),
        *_memory(manifest, preview),
        *_timed(latency),
        *_scores(manifest, verified, tuned, exports),
        *_files(exports),
    ]
    return tuple(row for row in rows if row.values)


def _counted(manifest: Manifest, preview: Preview) -> Iterator[Row]:
    exact = "counted" if preview.exact else "counted, zeros in part expected"
    packed = "measured" if preview.compressed_measured else "interpolated"
    numbers = [
        ("Parameters that are not zero", "parameters", preview.parameters, preview.kept, exact),
        ("Parameters in tensors", "parameters", preview.parameters, preview.stored, "counted"),
        ("Bytes of tensors", "bytes", manifest.bytes, preview.dense_bytes, "counted"),
        ("Bytes of tensors, deflated", "bytes", manifest.bytes, preview.compressed_bytes,
         packed if preview.layers else "as the tensors: nothing is zeroed"),
        ("MACs per sample", "MACs", manifest.macs, preview.macs, "counted"),
        ("MACs by weights that are not zero", "MACs", manifest.macs, preview.nonzero_macs, exact),
    ]  # fmt: skip
    for name, unit, dense, now, how in numbers:
        if dense:
            word = units.bytes_ if unit == "bytes" else units.count
            values = {
                DENSE: Quantity(dense, word(dense)),
                PRUNED: Quantity(now, f"{word(now)} ({units.percent(now / dense)})"),
            }
            yield Row(name, unit, values, how)


def _memory(manifest: Manifest, preview: Preview) -> Iterator[Row]:
    if manifest.graph is None:
        return
    try:
        dense, now = (peak_memory(manifest, gone) for gone in ({}, preview.units))
    except PrunescopeError:  # a study whose graph holds no such sizes
        return
    values = {
        DENSE: Quantity(dense.total, units.bytes_(dense.total)),
        PRUNED: Quantity(
            now.total, f"{units.bytes_(now.total)} ({units.percent(now.total / dense.total)})"
        ),
    }
    yield Row("Memory at its peak, one sample", "bytes", values, "counted on the graph")


def _timed(latency: LatencyReport | None) -> Iterator[Row]:
    if latency is None:
        return
    for each in latency.runtimes:
        if each.problem is None:
            faster = f" ({each.ratio.value:.2f}×)" if each.differs else ""
            values = {DENSE: _time(each.dense), PRUNED: _time(each.pruned, faster)}
            name = f"Time in {each.runtime}, batch {latency.batch}"
            yield Row(name, "s", values, f"timed in turns, {counted(latency.threads, 'thread')}")


def _time(timing: Timing, after: str = "") -> Quantity:
    return Quantity(timing.low, f"{timing.low * 1e3:.3g} ms{after}", timing.low, timing.high)


def _scores(
    manifest: Manifest,
    verified: pd.DataFrame,
    tuned: FineTuned | None,
    exports: Sequence[ExportReport],
) -> Iterator[Row]:
    words = words_of(manifest)
    sides = {"validation": tuned.validation, "test": tuned.test} if tuned else {}
    for split in ("validation", "test"):
        row = _verified(verified, split)
        side = sides.get(split)
        dense = _dense(manifest, split, row, side)
        values: dict[str, Quantity] = {}
        drops: dict[str, Quantity] = {}
        if dense is not None:
            values[DENSE] = _score(*dense, words)
        if row is not None:
            samples = int(row["samples"])
            values[PRUNED] = _score(float(row["score_sum"]) / samples, samples, words)
            drops[PRUNED] = _drop(
                paired_interval(
                    samples,
                    float(row["drop_sum"]),
                    float(row["drop_squares"]),
                    scale=manifest.scale,
                ),
                words,
            )
        if side is not None:
            if PRUNED not in values:
                values[PRUNED] = _score(side.before.score, side.before.samples, words)
                drops[PRUNED] = _drop(side.before.drop, words)
            values[TUNED] = _score(side.after.score, side.after.samples, words)
            drops[TUNED] = _drop(side.after.drop, words)
        if split == "validation":
            count = manifest.splits.get(split, 0)
            values |= {
                name: _score(score, count, words)
                for name, score in _of_files(exports)
                if name not in (PRUNED, TUNED)
            }
        yield Row(f"{words.name} on the {split} split", "score", values, "measured")
        yield Row(
            f"{words.loss_word.capitalize()} on the {split} split",
            "score",
            drops,
            "measured, paired samples",
        )
        yield _worst(manifest, split, row, side)


def _verified(verified: pd.DataFrame, split: str) -> "pd.Series[float] | None":
    rows = verified[verified["split"] == split]
    return rows.iloc[0] if len(rows) else None


def _dense(
    manifest: Manifest, split: str, row: "pd.Series[float] | None", side: SideBySide | None
) -> tuple[float, int] | None:
    """The dense model's score and samples on ``split``, from whatever knows it."""
    if split == "validation" and manifest.baseline is not None:
        return manifest.baseline.score, manifest.baseline.samples
    if row is not None:
        samples = int(row["samples"])
        return (float(row["score_sum"]) + float(row["drop_sum"])) / samples, samples
    return (side.dense_score, side.before.samples) if side is not None else None


def _score(score: float, samples: int, words: ScoreWords) -> Quantity:
    """With Wilson's interval where scores are shares of samples."""
    interval = score_interval(score, samples, words.metric)
    if interval is None:
        return Quantity(words.plain(score), words.score(score))
    text = f"{words.score(score)} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
    return Quantity(score, text, interval.low, interval.high)


def _drop(drop: Interval, words: ScoreWords) -> Quantity:
    text = f"{words.drop(drop.mean)} ({words.span(drop)})"
    low, high = sorted(map(words.plain_drop, (drop.low, drop.high)))
    return Quantity(words.plain_drop(drop.mean), text, low, high)


def _worst(
    manifest: Manifest, split: str, row: "pd.Series[float] | None", side: SideBySide | None
) -> Row:
    """The class that each model recognises least; counts per class are of the validation split."""
    known = manifest.baseline
    values: dict[str, Quantity] = {}
    if split == "validation" and known is not None and any(known.class_samples):
        models: list[tuple[str, Iterable[int]]] = [(DENSE, known.class_correct)]
        if row is not None:
            models.append((PRUNED, row["class_correct"]))  # type: ignore[arg-type]
        elif side is not None:
            models.append((PRUNED, side.before.class_correct))
        if side is not None:
            models.append((TUNED, side.after.class_correct))
        for name, correct in models:
            found = _least(manifest, [int(count) for count in correct], known.class_samples)
            if found is not None:
                values[name] = found
    return Row("Worst class on the validation split", "recall", values, "measured")


def _least(manifest: Manifest, correct: Sequence[int], samples: Sequence[int]) -> Quantity | None:
    recalls = [
        (hits / count, place)
        for place, (hits, count) in enumerate(zip(correct, samples, strict=False))
        if count
    ]
    if not recalls:
        return None
    recall, place = min(recalls)
    name = manifest.classes[place] if place < len(manifest.classes) else str(place)
    interval = share_interval(correct[place], samples[place])
    return Quantity(recall, f"{units.percent(recall)}, {name}", interval.low, interval.high)


def _of_files(exports: Sequence[ExportReport]) -> Iterator[tuple[str, float]]:
    """Model → the score of an offered file in numbers of its own."""
    rounding = {kind.name: kind.rounding for kind in export_formats()}
    for report in exports:
        base = TUNED if report.recovered else PRUNED
        for entry in report.formats:
            if entry.ok and entry.score is not None and rounding.get(entry.format):
                yield f"{base} + {rounding[entry.format]}", entry.score


def _files(exports: Sequence[ExportReport]) -> Iterator[Row]:
    """Bytes and time of the ONNX files, which are what int8 and fp16 are compared with."""
    rounding = {kind.name: kind.rounding for kind in export_formats()}
    sizes: dict[str, Quantity] = {}
    times: dict[str, Quantity] = {}
    for report in exports:
        base = TUNED if report.recovered else PRUNED
        for entry in report.formats:
            if not entry.ok or not entry.format.startswith("onnx"):
                continue
            short = rounding.get(entry.format)
            name = f"{base} + {short}" if short else base
            sizes[name] = Quantity(entry.bytes, units.bytes_(entry.bytes))
            seconds = entry.seconds_per_sample
            if seconds is not None:
                times[name] = Quantity(seconds, f"{seconds * 1e3:.3g} ms")
    yield Row("Bytes of the ONNX file", "bytes", sizes, "on disk")
    yield Row("One sample by the ONNX file, alone", "s", times, "median in a fresh process")
