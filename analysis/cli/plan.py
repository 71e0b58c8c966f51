"""``plan`` within budgets."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from prunescope.api.solving import Effort, solve_goal
from prunescope.cli.goal_options import (
    BoundOption,
    ExcludeOption,
    ExtrapolateOption,
    LockOption,
    MethodsOption,
    ObjectiveOption,
    RoundOption,
    SettingOption,
    TargetOption,
    goal_of,
)
from prunescope.cli.print_plan import described, print_plan
from prunescope.cli.print_recoveries import described_recoveries, print_recoveries
from prunescope.cli.shared_options import (
    JobOption,
    JsonOption,
    RecoveryOption,
    StudyArgument,
    named_path,
)
from prunescope.cli.terminal import console, print_json, reporting, say_problem
from prunescope.errors import BadValue, PrunescopeError
from prunescope.planning.baselines import BASELINES
from prunescope.planning.search import MEASURED_CANDIDATES, MeasuredCandidates
from prunescope.store.destinations import require_plan_file
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
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
    extrapolate: ExtrapolateOption = False,
    evaluations: Annotated[
        int | None,
        typer.Option(
            "--evaluations",
            help="Plans to look at around it; the study's size says how many by default.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            help="At most; said where it decides. 20 for --exact, no limit for the search.",
        ),
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
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="Write the plan's JSON here.", parser=named_path
        ),
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Save it in the study by its name.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Let --output replace a file that is no plan.")
    ] = False,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Find the plan that does least damage within budgets on size, MACs, latency or drop."""
    if force and output is None:
        raise BadValue(
            "Expected --force with --output, which it lets replace a file, but got no file. Leave "
            "it out, or name a file with -o."
        )
    if verify:
        _require_search(around, exact, rule)
    with reporting(job, quiet=json or not verify) as progress:
        opened = StudyFolder.open(study)
        say_problem(opened.manifest)
        if output is not None:
            require_plan_file(opened, output, force)
        progress.start(1, "solving")
        goal = goal_of(
            opened, target, lock, exclude, bound, methods, round_to, objective, recovery,
            extrapolate,
        )  # fmt: skip
        effort = Effort(exact, around, evaluations, seconds, verify, rule)
        solved = solve_goal(opened, goal, progress, runtime, effort, name)
        if solved.tried and solved.solution is not None and job is not None:
            write_document(
                job / MEASURED_CANDIDATES,
                MeasuredCandidates(solved.solution.objective, tuple(solved.tried)),
            )
        if output is not None:
            write_document(output, solved.plan)
        if save:
            opened.save_plan(solved.plan)
        if not verify:
            progress.advance(1, "solved")
    solved = replace(solved, saved=_saved_as(opened, solved.plan, output))
    shown = (opened, solved.posed, solved.plan, solved.prediction, solved.solution, solved.tried)
    if json:
        print_json(described(*shown) | described_recoveries(solved))
        return
    print_recoveries(solved)
    print_plan(*shown, saved=solved.saved)
    earlier = opened.superseded()
    if earlier:
        console.print(earlier, soft_wrap=True)


def _saved_as(study: StudyFolder, plan: Plan, output: Path | None) -> str:
    """What commands may call the plan: a saved one's name, its file, or a placeholder."""
    for name in study.plans():
        try:
            same = study.plan(name).digest == plan.digest
        except PrunescopeError:  # another study's, or damaged
            continue
        if same:
            return name
    return "PLAN" if output is None else str(output)


def _require_search(around: bool, exact: bool, rule: str | None) -> None:
    """Raise ``BadValue`` where the best few are asked for, but nothing looks for them."""
    given = {"--no-around": not around, "--exact": exact, "--baseline": rule is not None}
    names = " and ".join(name for name, is_given in given.items() if is_given)
    if names:
        raise BadValue(
            f"Expected --verify without {names}, because it measures what a search around the "
            f"solver's and the baselines' plans finds. Leave {names} out, or measure the one plan "
            "afterwards: prunescope verify STUDY PLAN."
        )
