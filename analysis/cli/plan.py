"""``plan`` within budgets."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from prunescope.cli.goal_options import (
    BoundOption,
    ExcludeOption,
    LockOption,
    MethodsOption,
    ObjectiveOption,
    RoundOption,
    SettingOption,
    TargetOption,
    goal_of,
)
from prunescope.cli.measure_candidates import measuring, require_search
from prunescope.cli.print_plan import described, print_plan
from prunescope.cli.shared_options import JobOption, JsonOption, RecoveryOption, StudyArgument
from prunescope.cli.terminal import print_json, reporting
from prunescope.planning.baselines import BASELINES, SCORE_OF, baseline, removes_units
from prunescope.planning.pose_problem import PosedGoal, pose, solve_posed
from prunescope.planning.search import (
    MEASURED_CANDIDATES,
    SECONDS,
    MeasuredBest,
    MeasuredCandidates,
    improve,
    improve_by_measuring,
)
from prunescope.planning.solve.integer_program import TIME
from prunescope.store.folder import Study
from prunescope.store.json_documents import write_document
from prunescope.store.score_quantiles import every_level, levels
from prunescope.study.plan import Plan


def plan(
    study: StudyArgument,
    target: TargetOption,
    lock: LockOption = None,
    exclude: ExcludeOption = "",
    bound: BoundOption = None,
    methods: MethodsOption = "",
    round_to: RoundOption = 1,
    objective: ObjectiveOption = "kl",
    recovery: RecoveryOption = "none",
    runtime: SettingOption = "",
    exact: Annotated[
        bool, typer.Option("--exact", help="Prove that no measured plan is better.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", help="To spend: 20 for --exact, 5 around it.")
    ] = None,
    around: Annotated[
        bool,
        typer.Option(
            "--around/--no-around",
            help="Then look around it, and around the baselines' plans, with the predictor of "
            "whole plans; off with --exact.",
        ),
    ] = True,
    verify: Annotated[
        int,
        typer.Option(
            "--verify",
            min=0,
            max=20,
            help="Then measure so many plans: the best that were seen, the baselines' if they may "
            "be as good, and what these teach; take the one that loses least.",
        ),
    ] = 0,
    rule: Annotated[
        str | None, typer.Option("--baseline", help=f"Instead: {', '.join(BASELINES)}.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Of the plan.")] = "solved",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the plan's JSON here.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Save it in the study by its name.")] = False,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Find the plan that does least damage within budgets on size, MACs, latency or drop."""
    if verify:
        require_search(around, exact, rule)
    with reporting(job, quiet=json or not verify) as progress:
        opened = Study.open(study)
        progress.start(1, "solving")
        goal = goal_of(opened, target, lock, exclude, bound, methods, round_to, objective, recovery)
        posed = pose(opened, goal, runtime)
        tried: tuple[MeasuredBest, ...] = ()
        if rule is not None:
            found = _baseline(opened, posed, rule, name)
            solution = None
        else:
            solution = solve_posed(posed, name=name, seconds=(seconds or TIME) if exact else None)
            if around and not exact:
                grouped = removes_units(posed.solver.problem)
                scores = every_level(opened.folder, opened.manifest, grouped)
                if verify:
                    solution, tried = improve_by_measuring(
                        posed, solution, measuring(opened, name, verify, progress), verify, scores,
                        seconds=seconds or SECONDS,
                    )  # fmt: skip
                    if job is not None:
                        write_document(
                            job / MEASURED_CANDIDATES, MeasuredCandidates(solution.objective, tried)
                        )
                else:
                    solution, _ = improve(posed, solution, scores, seconds=seconds or SECONDS)
            found = solution.plan
        if output is not None:
            write_document(output, found)
        if save:
            opened.save_plan(found)
        if not verify:
            progress.advance(1, "solved")
    guess = posed.predicted(found)
    if json:
        print_json(described(opened, posed, found, guess, solution, tried))
        return
    print_plan(opened, posed, found, guess, solution, tried)


def _baseline(study: Study, posed: PosedGoal, rule: str, name: str) -> Plan:
    """A baseline's plan; score quantiles are read off the weights when they are wanted first."""
    score, known = SCORE_OF.get(rule), None
    if score is not None:
        grouped = removes_units(posed.solver.problem)
        known = levels(study.folder, study.manifest, score, grouped)
        if not known:
            from prunescope.bench.workbench import prepare
            from prunescope.sweep.store_quantiles import store_quantiles

            store_quantiles(prepare(study.manifest.reference), study)
            known = levels(study.folder, study.manifest, score, grouped)
    found = baseline(rule, posed.solver.problem, known)
    return replace(found, name=rule if name == "solved" else name)
