"""The sections of the report's page, each from a ``PlanReport``. Torch-free."""

from collections.abc import Iterator
from typing import Final

from prunescope.export.changed_samples import ChangedSample, ChangedSamples
from prunescope.export.delivered import Delivered, best_of
from prunescope.export.export_report import FormatCheck
from prunescope.export.formats.registry import export_formats, format_title
from prunescope.planning.explain import BY_LAYER
from prunescope.recovery.training.compare_schedules import compared
from prunescope.report.markup import items, paragraph, section, table, text
from prunescope.report.plan_report import PlanReport
from prunescope.study.soundness import concerns
from prunescope.text import units
from prunescope.text.cut import shortfall
from prunescope.text.durations import spoken
from prunescope.text.numbers import capitalised, counted, exact
from prunescope.text.scores import ScoreWords, words_of

_TUNED: Final = ", fine-tuned"


def head(report: PlanReport) -> str:
    """Return title and the numbers that a reader wants first."""
    manifest = report.manifest
    wanted = (
        ("MACs per sample", "MACs left"),
        ("Bytes of tensors", "Bytes left"),
        (f"{manifest.reference.metric.rpartition(':')[2]} on the validation split",
         "Validation score"),
        ("Drop on the validation split", "Drop, validation"),
        ("Drop on the test split", "Drop, test"),
    )  # fmt: skip
    rows = {row.name: row for row in report.rows}
    boxes = []
    for name, label in wanted:
        values = rows[name].values if name in rows else {}
        tuned = values.get("fine-tuned")
        last = tuned or values.get("pruned")
        if last is not None:
            share = values["dense"].value if "left" in label and "dense" in values else 0
            shown = units.percent(last.value / share) if share else last.text.partition(" (")[0]
            boxes.append(
                f"<div><b>{text(shown)}</b><span>{text(label + _TUNED * bool(tuned))}</span></div>"
            )
    return (
        f"<h1>{text(report.title)}</h1>"
        + paragraph(f"Made {report.made} by Prunescope.", "soft")
        + f"<div class=lead>{''.join(boxes)}</div>"
        + items(f"{check.sentence}" for check in concerns(manifest.soundness))
    )


def before_and_after(report: PlanReport) -> str:
    """Return the one table of all models, and what is missing in it."""
    columns = report.columns
    rows = [
        [
            row.name,
            *(row.values[name].text if name in row.values else "–" for name in columns),
            row.how,
        ]
        for row in report.rows
    ]
    numbers = tuple(range(1, len(columns) + 1))
    verdicts = report.latency.verdicts if report.latency else ()
    warning = report.latency.warning if report.latency else ""
    return section(
        "numbers", "Before and after",
        table(["", *map(capitalised, columns), "How it is known"], rows, numbers),
        paragraph(
            "In brackets: the share of the dense model, or a 95 % interval (of a score: over "
            "samples like these; of a drop: paired, sample by sample).", "soft",
        ),
        items([*([warning] if warning else []), *verdicts]),
        items(report.missing),
    )  # fmt: skip


def model(report: PlanReport) -> str:
    """Return what the dense model is."""
    manifest = report.manifest
    groups = manifest.removable()
    facts = [
        f"{counted(len(manifest.layers), 'layer')}, {exact(manifest.parameters)} parameters, "
        f"{units.bytes_(manifest.bytes)}, {units.macs(manifest.macs)} per sample.",
        f"{counted(len(groups), 'group')} of channels or heads can be removed; "
        f"weights of {counted(len(manifest.prunable()), 'layer')} can be set to zero.",
    ]
    if problem := shortfall(manifest):
        facts.append(problem)
    return section("model", "The model", *map(paragraph, facts))


def plan(report: PlanReport) -> str:
    """Return what the plan does, and why."""
    active = report.plan.active()
    reasons = {reason.subject: reason for reason in report.reasons}
    rows = []
    for name, choice in active.items():
        reason = reasons.get(name)
        rows.append(
            [
                name, choice.method, units.percent(choice.sparsity),
                _step(reason.more.damage if reason and reason.more else None),
                _step(reason.less.damage if reason and reason.less else None),
                reason.why if reason else "",
            ]
        )  # fmt: skip
    heads = ["Layer or group", "Method", "Removed", "Next step costs", "Last step cost", "Why"]
    recovery = report.plan.recovery
    return section(
        "plan", "The plan, and why",
        paragraph(
            f"{counted(len(active), 'choice')} of layers and groups remove something; recovery: "
            f"{recovery}."
        ),
        table(heads, rows, (2, 3, 4)),
        paragraph(f"Steps in KL divergence to the dense model, nats. {BY_LAYER}", "soft")
        if report.reasons
        else paragraph(f"Reasons cannot be given: {report.no_reasons}", "soft"),
    )  # fmt: skip


def _step(damage: float | None) -> str:
    return "–" if damage is None else f"{damage:+.3g}"


def expectation(report: PlanReport) -> str:
    """Return what was predicted, against what was measured."""
    return section("prediction", "Predicted against measured", items(report.expected))


def curves(charts: str, left_out: int) -> str:
    """Return the curves; ``left_out`` says how many there would be more."""
    more = paragraph(f"{left_out} more are not drawn here.", "soft") if left_out else ""
    said = paragraph(
        "Each layer or group pruned alone, the rest dense; bands are 95 % intervals. The dashed "
        "line is the plan.", "soft",
    )  # fmt: skip
    return section("curves", "Curves", said, charts, more) if charts else ""


def training(report: PlanReport, chart: str) -> str:
    """Return how the plan was fine-tuned; nothing where it was not."""
    tuned = report.tuned
    if tuned is None:
        return ""
    rows = [
        [
            capitalised(each.schedule_words()), each.words.score(each.validation.before.score),
            each.words.score(each.after.score), spoken(each.seconds),
        ]
        for each in report.schedules.values()
    ]  # fmt: skip
    heads = ["Schedule", "Pruned at once", "Fine-tuned", "Training"]
    return section(
        "training", "Fine-tuning", paragraph(tuned.happenings()),
        paragraph(tuned.ending_sentence()), table(heads, rows, (1, 2, 3)),
        paragraph(compared(report.schedules.values()) or ""), chart,
    )  # fmt: skip


def files(report: PlanReport) -> str:
    """Return the exported files, the refused ones too."""
    rows = [
        [
            format_title(entry.format), entry.file or "–",
            "fine-tuned" if export.recovered else "pruned",
            "–" if entry.score is None else words_of(report.manifest).score(entry.score),
            units.bytes_(entry.bytes) if entry.file else "–",
            units.bytes_(entry.compressed_bytes) if entry.file else "–",
            "–" if entry.seconds_per_sample is None
            else f"{entry.seconds_per_sample * 1e3:.3g} ms",
            _how_verified(entry),
        ]
        for export in report.exports
        for entry in export.formats
    ]  # fmt: skip
    heads = ["Format", "File", "Weights", "Score", "Bytes", "Zipped", "One sample", ""]
    return section(
        "files", "Files",
        paragraph(
            "Each was loaded again in a fresh process and compared with the pruned model: outputs, "
            "score, bytes, zeros.", "soft",
        ),
        table(heads, rows, (3, 4, 5, 6)),
    ) if rows else ""  # fmt: skip


def _how_verified(entry: FormatCheck) -> str:
    """What loaded the file, its opset and inputs where it has them; or why it is not offered."""
    if not entry.ok:
        return f"not offered: {entry.reason}"
    notes = [check.got for check in entry.checks if check.name in ("loads", *_beside(entry))]
    return "; ".join(["verified", *notes])


def _beside(entry: FormatCheck) -> tuple[str, ...]:
    return next((kind.beside for kind in export_formats() if kind.name == entry.format), ())


def changed(report: PlanReport) -> str:
    """Return the samples that are answered otherwise; nothing where nobody looked."""
    seen = report.changed
    if seen is None:
        return ""
    return section("changed", "Samples that changed", paragraph(seen.sentence()), _shown(seen))


def _shown(seen: ChangedSamples) -> str:
    if not seen.shown:
        return ""
    if not any(each.picture for each in seen.shown):
        rows = [[each.index, each.target or "–", each.dense, each.pruned] for each in seen.shown]
        return table(["Sample", "Class", "Dense", "Pruned"], rows)
    return f"<div class=pictures>{''.join(map(_picture, seen.shown))}</div>"


def _picture(each: ChangedSample) -> str:
    image = (
        f'<img src="data:image/png;base64,{text(each.picture)}" alt="sample {each.index}">'
        if each.picture
        else ""
    )
    now = "won" if each.pruned == each.target else "lost" if each.dense == each.target else "soft"
    target = f"<span class=soft>is {text(each.target)}</span><br>" if each.target else ""
    return (
        f"<figure>{image}<figcaption>{target}{text(each.dense)} → "
        f"<span class={now}>{text(each.pruned)}</span></figcaption></figure>"
    )


def provenance(report: PlanReport) -> str:
    """Return where everything comes from, and under which licences."""
    pairs = "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in report.provenance.items()
    )
    return section("provenance", "Provenance", f"<dl>{pairs}</dl>") + section(
        "licences", "Licences", items(report.licences)
    )


def front(report: PlanReport, charts: str) -> str:
    """Return every measured way to deliver the plan; nothing where there is one alone."""
    if len(report.delivered) < 2:
        return ""
    words = words_of(report.manifest)
    best = set(best_of(report.delivered))
    rows = [
        [
            point.label, point.file, _scored(point, words),
            units.bytes_(point.bytes),
            "–" if point.seconds is None else f"{point.seconds * 1e3:.3g} ms",
            "yes" if point in best else "",
        ]
        for point in report.delivered
    ]  # fmt: skip
    heads = ["Model", "File", "Validation score", "Bytes", "One sample", "On the front"]
    return section(
        "front", "One front: recoveries, fine-tuning and coarser numbers",
        paragraph(
            "The same removal with every recovery and every file that was measured. In memory: "
            "measured, not exported. On the front: no other scores as much in fewer bytes.", "soft",
        ),
        table(heads, rows, (2, 3, 4)), charts,
    )  # fmt: skip


def _scored(point: Delivered, words: ScoreWords) -> str:
    if point.low is None or point.high is None:
        return words.score(point.score)
    return f"{words.score(point.score)} ({words.scores_between(point.low, point.high)})"


def all_sections(
    report: PlanReport, charts: str, left_out: int, chart: str, fronts: str
) -> Iterator[str]:
    """Yield the page's sections in order.

    Args:
        report: What they say.
        charts: HTML of the curves.
        left_out: Curves that are not drawn.
        chart: HTML of the training's curve and schedules.
        fronts: HTML of the charts of what can be delivered.
    """
    yield head(report)
    yield before_and_after(report)
    yield model(report)
    yield plan(report)
    yield expectation(report)
    yield curves(charts, left_out)
    yield training(report, chart)
    yield front(report, fronts)
    yield changed(report)
    yield files(report)
    yield provenance(report)
