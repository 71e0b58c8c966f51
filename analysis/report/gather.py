"""Read a study folder into the report of one of its plans. Torch-free; nothing is measured."""

import datetime
import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from prunescope.commands.export import Export
from prunescope.commands.time import Time
from prunescope.commands.verify import Verify
from prunescope.curves.curve import curves
from prunescope.errors import PrunescopeError
from prunescope.export.changed_samples import read_changed
from prunescope.export.delivered import delivered
from prunescope.export.export_report import ExportReport, export_folder, read_report
from prunescope.latency.latency_report import LatencyReport, read_latency
from prunescope.planning.explain import Reason, explain
from prunescope.planning.pose_goal import pose, solve_posed
from prunescope.planning.prediction.predict import predict
from prunescope.planning.preview import Preview, preview
from prunescope.planning.solve import Goal, Target
from prunescope.recovery.training.fine_tuning_report import (
    RESULT,
    FineTuned,
    best_folder,
    read_result,
    results_of,
)
from prunescope.report.before_after import before_after
from prunescope.report.plan_report import PlanReport
from prunescope.sample_models.samples import LICENCES
from prunescope.statistics.paired import paired_interval
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted, exact
from prunescope.text.scores import words_of


def gather(study: StudyFolder, plan: Plan) -> PlanReport:
    """Return all that ``study`` knows of ``plan``.

    Raises:
        ForeignStudy: The plan was made for other weights or data.
        DamagedFile: A file of the study holds something else than it should.
    """
    manifest = study.manifest
    plan.require(manifest)
    measured = study.measured()
    everything = study.verified()
    verified = everything[everything["digest"] == plan.digest]
    known = curves(measured, manifest)
    costs = preview(manifest, plan, known)
    latency = read_latency(study.folder, plan.digest)
    folder = best_folder(study.folder, plan)
    tuned = read_result(folder) if (folder / RESULT).is_file() else None
    exports = tuple(_exports(study, plan, tuned))
    reasons, no_reasons = _reasons(study, plan, costs)
    return PlanReport(
        title=f"{manifest.reference.model}, pruned by {plan.name}",
        manifest=manifest,
        plan=plan,
        rows=before_after(manifest, costs, verified, latency, tuned, exports),
        expected=tuple(_expected(study, plan, measured, everything, verified)),
        reasons=reasons,
        no_reasons=no_reasons,
        tuned=tuned,
        schedules=results_of(study.folder, plan),
        delivered=delivered(study, plan, lambda other: preview(manifest, other, known).dense_bytes),
        latency=latency,
        exports=exports,
        changed=read_changed(study.folder, plan.digest)
        or read_changed(study.folder, plan.digest, recovered=True),
        missing=tuple(_missing(study, plan, verified, latency, exports)),
        provenance=dict(_provenance(study, plan, latency, tuned, exports)),
        licences=tuple(_licences(study)),
        made=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _exports(study: StudyFolder, plan: Plan, tuned: FineTuned | None) -> Iterator[ExportReport]:
    for recovered in (False, True):
        report = read_report(export_folder(study.folder, plan.digest, recovered))
        if report is None:
            continue
        if recovered and tuned is not None and report.outdated(tuned.weights_hash):
            continue
        yield report


def _reasons(study: StudyFolder, plan: Plan, costs: Preview) -> tuple[tuple[Reason, ...], str]:
    """What each step costs and saves, at the multiply-accumulates or parameters of the plan."""
    manifest = study.manifest
    whole, now, kind = (
        (manifest.macs, costs.macs, "macs")
        if 0 < costs.macs < manifest.macs
        else (costs.parameters, costs.kept, "parameters")
    )
    if not plan.active() or not 0 < now < whole:
        return (), "The plan removes nothing."
    try:
        goal = Goal((Target(kind, min(now / whole, 1.0)),), recovery=plan.recovery, seed=plan.seed)
        posed = pose(study, goal)
        solution = solve_posed(posed)
        return explain(posed.solver.problem, replace(solution, plan=plan)), ""
    except PrunescopeError as error:
        return (), str(error)


def _expected(
    study: StudyFolder,
    plan: Plan,
    measured: pd.DataFrame,
    everything: pd.DataFrame,
    verified: pd.DataFrame,
) -> Iterator[str]:
    yield from predict(study.manifest, plan, measured, everything, study.logits).sentences()
    rows = verified[verified["split"] == "validation"]
    if not len(rows):
        return
    row = rows.iloc[0]
    samples = int(row["samples"])
    drop = paired_interval(
        samples, float(row["drop_sum"]), float(row["drop_squares"]), scale=study.manifest.scale
    )
    words = words_of(study.manifest)
    yield (
        f"Measured {words.loss_word}: {words.drop(drop.mean)} ({words.span(drop)}, "
        f"95 % interval of the mean, {counted(samples, 'validation sample')})."
    )
    guess = float(row["predicted_drop"])
    if not math.isnan(guess):
        yield (
            f"Before it was measured, {words.drop(guess)} was predicted by {row['predictor']}: "
            f"off by {words.drop(guess - drop.mean, sign=True)}."
        )


def _missing(
    study: StudyFolder,
    plan: Plan,
    verified: pd.DataFrame,
    latency: LatencyReport | None,
    exports: tuple[ExportReport, ...],
) -> Iterator[str]:
    """What nobody measured yet, and the command."""
    splits = set(verified["split"])
    for split in ("validation", "test"):
        if split not in splits:
            line = Verify(plan.name, split).line(study.folder)
            yield f"The plan was not measured on the {split} split: {line}"
    if latency is None:
        yield f"It was not timed: {Time(plan.name).line(study.folder)}"
    if not exports:
        yield f"No file was exported: {Export(plan.name).line(study.folder)}"


def _provenance(
    study: StudyFolder,
    plan: Plan,
    latency: LatencyReport | None,
    tuned: FineTuned | None,
    exports: tuple[ExportReport, ...],
) -> Iterator[tuple[str, str]]:
    manifest = study.manifest
    reference = manifest.reference
    yield "Model", reference.model
    yield "Weights", reference.weights or "the model's own"
    yield "Data", reference.data
    yield "Metric", reference.metric
    yield "Samples", ", ".join(f"{name} {exact(count)}" for name, count in manifest.splits.items())
    yield "Fingerprint", manifest.fingerprint
    for name, digest in manifest.parts.items():
        if digest != manifest.reference.metric:  # a metric that is built in has no source to hash
            yield f"Hash of the {name}", digest
    yield "Plan", f"{plan.name}, digest {plan.digest}, recovery {plan.recovery}, seed {plan.seed}"
    yield "Made with", ", ".join(f"{k} {v}" for k, v in manifest.environment.items())
    if latency is not None:
        yield (
            "Timed on",
            f"{latency.processor}, {latency.threads} of {latency.cores} threads, "
            + ", ".join(f"{each.runtime} {each.version}" for each in latency.runtimes),
        )
    if tuned is not None:
        yield (
            "Fine-tuned",
            f"seed {tuned.settings.seed}, {spoken(tuned.seconds)}, weights "
            + (tuned.weights_hash[:16]),
        )
    for report in exports:
        name = "Exported, fine-tuned" if report.recovered else "Exported"
        versions = ", ".join(f"{k} {v}" for k, v in report.versions.items())
        yield name, f"weights {report.weights_sha256[:16]}; {versions}"


def _licences(study: StudyFolder) -> Iterator[str]:
    reference = study.manifest.reference
    if reference.model.startswith("sample:"):
        yield "The sample model and its weights: MIT."
    else:
        yield (
            "A pruned model is a changed copy of the dense one: the licence of its weights and of "
            "its source applies. This report does not know it."
        )
    own = LICENCES.get(reference.data.removeprefix("sample:"))
    if own is not None and reference.data.startswith("sample:"):
        yield own
    else:
        yield "The data's own licence applies to pictures of it in this report."
    yield "Prunescope: MIT. Charts are drawn by plotly.js (MIT), which this file contains."
