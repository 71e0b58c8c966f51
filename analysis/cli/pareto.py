"""``pareto``: the front over one cost."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from prunescope.api.fronts import solve_front
from prunescope.cli.goal_options import (
    BoundOption,
    ExcludeOption,
    ExtrapolateOption,
    LockOption,
    MethodsOption,
    ObjectiveOption,
    RoundOption,
    SettingOption,
    goal_of,
)
from prunescope.cli.shared_options import JobOption, JsonOption, RecoveryOption, StudyArgument
from prunescope.cli.terminal import console, print_json, reporting, say_problem
from prunescope.planning.pareto import POINTS, front_table
from prunescope.statistics.paired import Interval
from prunescope.store.folder import StudyFolder


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
    extrapolate: ExtrapolateOption = False,
    json: JsonOption = False,
    job: JobOption = None,
) -> None:
    """Solve for a row of budgets on one cost, each a plan, and keep the front in the study."""
    with reporting(job, quiet=json) as progress:
        opened = StudyFolder.open(study)
        say_problem(opened.manifest)
        goal = goal_of(
            opened, [f"{cost}=1", *(target or [])], lock, exclude, bound, methods, round_to,
            objective, recovery, extrapolate,
        )  # fmt: skip
        found = solve_front(opened, goal, progress, points, runtime)
    table = front_table(found, opened.verified())
    if json:
        print_json({"front": asdict(found), "table": table.to_dict("records")})
        return
    words = found.words
    shown = Table(box=box.SIMPLE_HEAD, title=f"Front over {found.kind}", title_justify="left")
    shown.add_column("plan", no_wrap=True)
    for column in (
        f"{found.kind}, % of dense",
        f"predicted {words.loss_word}",
        f"measured {words.loss_word}",
    ):
        shown.add_column(column, justify="right")
    for row in table.to_dict("records"):
        shown.add_row(
            row["plan"], f"{100 * row['share']:.1f}",
            "–" if row["drop"] != row["drop"] else
            f"{words.drop(row['drop'])} "
            f"({words.span(Interval(row['drop'], row['low'], row['high']))})",
            "–" if row["measured"] != row["measured"] else words.drop(row["measured"]),
        )  # fmt: skip
    console.print(shown)
    console.print(f"{len(found.points)} plans, predicted by {found.predictor or 'nothing'}.")
