"""What ``plan`` prints: the choices and why, the costs, the prediction and the proof."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.table import Table

from prunescope.cli.terminal import console
from prunescope.commands import Sweep, next_steps
from prunescope.curves.dense import dense_score
from prunescope.planning.explain import BY_LAYER, Reason, explain
from prunescope.planning.pose_goal import PosedGoal, missing_grid
from prunescope.planning.prediction import missing_sweeps
from prunescope.planning.prediction.prediction import PAST, Prediction
from prunescope.planning.reason_words import costs_in_words, idle_subjects
from prunescope.planning.search import MeasuredBest, MeasuredCandidates, beside_in_words
from prunescope.planning.solve import Solution
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.metric_limits import MetricLimit
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.solution import UNADDED
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text.numbers import counted
from prunescope.text.outputs import pruned_unseen
from prunescope.text.scores import PERCENT_WORDS, words_of
from prunescope.text.units import percent


def described(
    study: StudyFolder, posed: PosedGoal, found: Plan, guess: Prediction, solution: Solution | None,
    tried: Sequence[MeasuredBest] = (),
) -> dict[str, Any]:  # fmt: skip
    """Return a planned plan as plain values for ``--json``; ``tried`` is what was measured."""
    problem = posed.solver.problem
    dense = dict(zip(problem.kinds[1:], map(float, problem.dense[1:]), strict=True))
    limits = dict(zip(problem.kinds[1:], map(float, problem.limits()), strict=True))
    if problem.goal.by_others:
        limits.pop("drop", None)
    interval, measured = guess.interval, posed.measured(found)
    words = words_of(study.manifest)
    said: dict[str, Any] = {
        "plan": asdict(found),
        "digest": found.digest,
        "unseen": pruned_unseen(study.manifest, found),
        "metric": asdict(words.metric) | {"dense": words.plain(words.dense)},
        "costs": plan_costs(problem, found),
        "limits": limits,
        "class_limits": {
            limit.kind: {"limit": limit.limit, "predicted": limit.loss(guess)}
            for limit in problem.goal.class_limits
        },
        "metric_limits": {
            limit.name: {
                "limit": limit.words.plain_drop(limit.limit),
                "predicted": _by(limit, posed, found),
            }
            for limit in problem.goal.metric_limits
        },
        "dense": dense,
        "predicted": {
            "drop": None if guess.drop is None else words.plain_drop(guess.drop),
            "low": interval and words.plain_drop(interval.low),
            "high": interval and words.plain_drop(interval.high),
            "predictor": guess.predictor, "divergence": guess.divergence,
            "cross_entropy": guess.entropy,
            "error": guess.error and words.plain_drop(guess.error.mean),
            "interval_from": guess.basis.words().lstrip(" ,"), "verified_plans": guess.basis.plans,
            "one_sided": guess.basis.one_sided,
        },
        "measured": measured and {
            "score": words.plain(measured.score),
            "drop": words.plain_drop(measured.drop.mean),
            "low": words.plain_drop(measured.drop.low),
            "high": words.plain_drop(measured.drop.high), "samples": measured.samples,
            "divergence": measured.effects.divergence, "cross_entropy": measured.effects.entropy,
        },
        "missing": [Sweep.of(grid).line(study.folder) for grid in missing_grid(posed)],
        "beyond": {gap.subject: gap.sparsity for gap in guess.missing if gap.beyond},
    }  # fmt: skip
    if solution is not None:
        said |= {
            "objective": solution.objective, "value": solution.value, "bound": solution.bound,
            "gap": solution.gap, "exact": solution.exact, "binding": list(solution.binding()),
            "alternatives": [asdict(each) for each in solution.alternatives],
            "notes": list(solution.notes), "judged": solution.predicted,
            "beside": dict(solution.beside), "measured_beside": sorted(solution.measured_beside),
            "tried": [
                {"from": each.proposal.start, "digest": each.proposal.plan.digest,
                 "predicted": each.proposal.predicted, "objective": each.objective,
                 "kept": each.kept,
                 "own": each.own}
                for each in tried
            ],
        }  # fmt: skip
        said["costs"] = dict(solution.costs)
        said["reasons"] = [asdict(each) for each in explain(problem, solution)]
    return said


def _by(limit: MetricLimit, posed: PosedGoal, found: Plan) -> float | None:
    lost = posed.by_metric[limit.name](found).drop
    return None if lost is None else limit.words.plain_drop(lost)


def print_plan(
    study: StudyFolder, posed: PosedGoal, found: Plan, guess: Prediction, solution: Solution | None,
    tried: Sequence[MeasuredBest] = (), saved: str = "PLAN",
) -> None:  # fmt: skip
    """Print a planned plan: its choices with their reasons, its costs, what is expected of it.

    ``tried`` is what was measured on the way; ``saved`` names the plan in commands.
    """
    problem = posed.solver.problem
    reasons: dict[tuple[str, bool], Reason] = {}
    if solution is not None:
        reasons = {(r.subject, r.grouped): r for r in explain(problem, solution)}
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("layer or group", "method", "sparsity", "why"):
        table.add_column(column, justify="right" if column == "sparsity" else "left")
    idle = [] if solution is None else idle_subjects(problem, found)
    for subject in problem.subjects:
        if len(idle) > 1 and subject in idle:
            continue
        choice = subject.choice_in(found)
        reason = reasons.get((subject.name, subject.grouped))
        pruned = choice is not None
        if not pruned and subject.locked and not reasons:
            continue
        table.add_row(
            subject.name, str(choice.method) if choice else "",
            f"{choice.sparsity:.4g}" if choice else "0", reason.why if reason else "",
            style=None if pruned else "dim",
        )  # fmt: skip
    console.print(table)
    if len(idle) > 1:
        console.print(
            f"{counted(len(idle), 'more layer')}: zeros in them would save nothing in "
            f"{costs_in_words(problem)}."
        )
    if solution is not None and solution.predicted is not None:
        console.print(BY_LAYER)
    words = words_of(study.manifest)
    costs = dict(solution.costs) if solution else plan_costs(problem, found)
    for target, dense in zip(problem.goal.targets, problem.dense[1:], strict=True):
        cost = costs.get(target.kind)
        if target.kind == "drop" or cost is None:
            continue
        share = f"{percent(cost / dense, 2)} of dense" if dense else ""
        console.print(f"{target.kind}: {cost:.6g} · {share} · target {target.in_words(words)}")
    for limit in problem.goal.class_limits:
        loss = limit.loss(guess)
        if loss is not None:
            console.print(f"{limit.kind}: predicted {PERCENT_WORDS.drop(loss)} · target {limit}")
    for other in problem.goal.metric_limits:
        lost = posed.by_metric[other.name](found).drop
        if lost is not None:
            console.print(f"{other.name}: predicted {other.words.drop(lost)} · target {other}")
    _print_guess(study, posed, found, guess, saved)
    if text := pruned_unseen(study.manifest, found):
        console.print(text, highlight=False, markup=False)
    if solution is not None:
        if tried:
            candidates = MeasuredCandidates(solution.objective, tuple(tried))
            console.print(f"Measured: {candidates.describe(solution.objective, '{:.4g}'.format)}")
        console.print(proof(solution, bool(tried), posed.how_judged(found)))
        if solution.alternatives:
            count = len(solution.alternatives)
            are = "plan is" if count == 1 else "plans are"
            console.print(f"{count} more {are} within 1 % of it; --json lists them.")
        for note in solution.notes:
            console.print(note)
    for grid in missing_grid(posed):
        console.print(
            f"Not measured, so left dense: {', '.join(grid.subjects)}. Measure just these: "
            + Sweep.of(grid).line(study.folder)
        )


def _print_guess(
    study: StudyFolder, posed: PosedGoal, found: Plan, guess: Prediction, saved: str
) -> None:
    dense = dense_score(study.manifest, posed.curves, found.recovery)
    measured, words = posed.measured(found), words_of(study.manifest)
    if measured is not None:
        console.print(measured.sentence(words))
    if guess.drop is None or study.manifest.baseline is None:
        console.print(
            f"Its {words.loss_word} cannot be predicted: a part of it was never measured."
        )
        return
    error = f", {guess.error.in_words(words)}" if guess.error else ""
    most = (
        ""
        if not guess.basis.one_sided
        else ("at most " if words.metric.higher_is_better else "at least ")
    )
    without = " without that" if measured is not None else ""
    lost = guess.interval.low if guess.interval and most else guess.drop
    console.print(
        f"Predicted {words.name}{without}: {most}{words.score(dense - lost)}, {words.loss_word} "
        f"{guess.drop_in_words()} by {guess.predictor}{error}."
    )
    if measured is None:
        command = next_steps.verify(str(study.folder), saved)
        console.print(f"Not measured yet: {command}.", highlight=False, soft_wrap=True)
    for gap in guess.missing:
        console.print(f"{gap.subject}: {gap.reason}, {PAST}.")
    if guess.missing:
        sweeps = missing_sweeps(found, guess.missing)
        lines = " && ".join(sweep.line(study.folder) for sweep in sweeps)
        console.print(f"Measure just these: {lines}", highlight=False)


def proof(solution: Solution, measured: bool, how: str = "predicted of the whole plan") -> str:
    """Return how good a solution is as a sentence.

    Args:
        solution: The solution.
        measured: Whether candidates were measured before it was taken.
        how: How the plan's objective is known, where a search chose it.
    """
    words = _added(solution)
    if solution.predicted is not None:
        others = beside_in_words(solution.beside, solution.measured_beside, "{:.4g}".format)
        least = "" if measured else "the least that was seen "
        return (
            f"{solution.objective} {solution.predicted:.4g} {how}, "
            f"{least}within the same budgets ({others}). {words[0].upper()}{words[1:]}"
            + ("." if solution.gap is None else f", {_far(solution)}.")
        )
    if math.isnan(solution.value):
        return f"{words}."
    if solution.gap is None:
        return f"{words}; nothing is proven where costs are predicted from a table."
    if solution.exact:
        by = "that sum" if solution.objective in DAMAGES else "that"
        return f"{words}: proven, no plan of measured sparsities is better by {by}."
    return f"{words}: {_far(solution)}."


def _added(solution: Solution) -> str:
    """What the objective comes to."""
    if math.isnan(solution.value):
        return f"{solution.objective} {UNADDED}"
    words = f"{solution.objective} {solution.value:.4g}"
    return words + (" added up over single layers" if solution.objective in DAMAGES else "")


def _far(solution: Solution) -> str:
    return f"within {100 * (solution.gap or 0.0):.2g} % of the best plan of measured sparsities"
