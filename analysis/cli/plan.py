"""``plan`` within budgets and sweep the front over a cost: ``plan`` and ``pareto``."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

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
from prunescope.cli.options import JobOption, JsonOption, RecoveryOption, StudyArgument
from prunescope.cli.print_plan import print_plan, told
from prunescope.cli.terminal import console, print_json, reporting
from prunescope.planning.baselines import BASELINES, SCORE_OF, baseline, units_leave
from prunescope.planning.pareto import POINTS, front, front_table, save_front
from prunescope.planning.pose_problem import Posed, answer, pose
from prunescope.planning.search import SECONDS, SETTLEMENT, Measured, Settlement, improve, settled
from prunescope.planning.solve.integer_program import TIME
from prunescope.store.folder import Study
from prunescope.store.json_documents import write_document
from prunescope.store.quantiles import every_level, levels
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
        tried: tuple[Measured, ...] = ()
        if rule is not None:
            found = _baseline(opened, posed, rule, name)
            solution = None
        else:
            solution = answer(posed, name=name, seconds=(seconds or TIME) if exact else None)
            if around and not exact:
                grouped = units_leave(posed.ready.problem)
                scores = every_level(opened.folder, opened.manifest, grouped)
                if verify:
                    solution, tried = settled(
                        posed, solution, measuring(opened, name, verify, progress), verify, scores,
                        seconds=seconds or SECONDS,
                    )  # fmt: skip
                    if job is not None:
                        write_document(job / SETTLEMENT, Settlement(solution.objective, tried))
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
        print_json(told(opened, posed, found, guess, solution, tried))
        return
    print_plan(opened, posed, found, guess, solution, tried)


def pareto(
    study: StudyArgument,
    cost: Annotated[str, typer.Option("--cost", help="What to sweep: macs, parameters, bytes, …")],
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Held at every point of the front. Repeat.")
    ] = None,
    points: Annotated[int, typer.Option("--points", min=2, max=200)] = POINTS,
    lock: LockOption = None,
    exclude: ExcludeOption = "",
    bound: BoundOption = None,
    methods: MethodsOption = "",
    round_to: RoundOption = 1,
    objective: ObjectiveOption = "kl",
    recovery: RecoveryOption = "none",
    runtime: SettingOption = "",
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Solve for a row of budgets on one cost, each a plan, and keep the front in the study."""
    with reporting(job, quiet=json) as progress:
        opened = Study.open(study)
        goal = goal_of(
            opened, [f"{cost}=1", *(target or [])], lock, exclude, bound, methods, round_to,
            objective, recovery,
        )  # fmt: skip
        posed = pose(opened, goal, runtime)
        found = front(posed.ready, posed.predicted, points, progress)
        save_front(opened.folder, found)
    table = front_table(found, opened.verified())
    if json:
        print_json({"front": asdict(found), "table": table.to_dict("records")})
        return
    shown = Table(box=box.SIMPLE_HEAD, title=f"Front over {found.kind}", title_justify="left")
    shown.add_column("plan", no_wrap=True)
    for column in (f"{found.kind}, % of dense", "predicted drop, pt", "measured drop, pt"):
        shown.add_column(column, justify="right")
    for row in table.to_dict("records"):
        shown.add_row(
            row["plan"], f"{100 * row['share']:.1f}",
            "–" if row["drop"] != row["drop"] else
            f"{100 * row['drop']:.2f} ({100 * row['low']:.2f} to {100 * row['high']:.2f})",
            "–" if row["measured"] != row["measured"] else f"{100 * row['measured']:.2f}",
        )  # fmt: skip
    console.print(shown)
    console.print(f"{len(found.points)} plans, predicted by {found.predictor or 'nothing'}.")


def _baseline(study: Study, posed: Posed, rule: str, name: str) -> Plan:
    """A baseline's plan; score quantiles are read off the weights when they are wanted first."""
    score, known = SCORE_OF.get(rule), None
    if score is not None:
        grouped = units_leave(posed.ready.problem)
        known = levels(study.folder, study.manifest, score, grouped)
        if not known:
            from prunescope.bench.workbench import prepare
            from prunescope.sweep.quantiles import store_quantiles

            store_quantiles(prepare(study.manifest.reference), study)
            known = levels(study.folder, study.manifest, score, grouped)
    found = baseline(rule, posed.ready.problem, known)
    return replace(found, name=rule if name == "solved" else name)
