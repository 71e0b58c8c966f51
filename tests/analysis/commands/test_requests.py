"""Every request's arguments are read back by the real command: names, values and defaults."""

import dataclasses
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import pytest

from prunescope import commands
from prunescope.cli.app import COMMANDS
from prunescope.commands import (
    Calibrate,
    Export,
    FineTune,
    GoalOptions,
    Inspect,
    MakePlan,
    Pareto,
    Request,
    Sweep,
    Time,
    Verify,
)
from prunescope.commands.request import option
from prunescope.study import Grid, Method
from prunescope.study.shard import Shard
from tests.analysis.commands.parsing import command_named

LEAST: list[Request] = [
    Inspect("M"), Sweep(), MakePlan(target=("macs=0.5",)), Pareto(cost="macs"), Verify("P"),
    Calibrate(), FineTune("P"), Export("P"), Time(),
]  # fmt: skip
"""As few values as each command takes."""

FULL: list[Request] = [
    Inspect("M", "D", "w.safetensors", True, "3,8,8", "top-5", ("logits",), "key-value"),
    Sweep(
        "M", "D", ("taylor", "l1@channel"), "0.5,0.7", ("a", "b"), "channel", ("none", "ls"),
        (4, 5), 8, "2/8", False, "decide", 0.001, 0.03, False, True, "90s", "s3://b/n", "local",
        2, "w.safetensors", True, "top-5", "mse", ("logits",), "key-value", ("batches", "classes"),
        "1GB", "naive", 3, "cpu", "bf16",
    ),
    MakePlan(
        ("macs=0.5", "drop=0.01"), ("a=0", "b=taylor:0.5"), ("c", "d"), ("e=0:0.5", "f=0.1:1"),
        ("taylor", "l1@channel"), 8, "drop", "ls", "onnx", True, True, 1 / 3, 500, False,
        4, "uniform", "mine", "p.json", True, True,
    ),
    Pareto(
        target=("drop=0.01",), lock=("a=0",), exclude=("c",), bound=("e=0:0.5",),
        methods=("taylor",), round_to=4, objective="drop", recovery="bn", runtime="onnx",
        extrapolate=True, cost="macs", points=7,
    ),
    Verify("P", "test", 2, "distil", "cpu"),
    Calibrate(3, "ls", 2, "cpu"),
    FineTune(
        "P", 2, 1 / 3, 16, 0.25, 2.5, 7, 90.0, 3, True, "a.py:train", "a.py:flip", 50, "adamw",
        ("betas=0.9,0.95",), 0.8, True, 0.01, 0.2, 0.99, 1.5, 4, "bf16", 6, 1.5, True, 2, "cpu",
    ),
    Export("P", ("pt2", "onnx"), "folder", True, 2, True, 0.02, 17),
    Time(
        "P", 4, 12.5, 2, ("torch", "onnx"), "in.parquet", "out.parquet", "D", "w.safetensors",
        True, "auto", True,
    ),
]  # fmt: skip
"""Every field with a value that is not its default."""

ONLY_TYPED = {"json", "job", "help"}
"""Options that no request has: how a terminal prints, and what a job adds by itself."""


def params(request: Request) -> dict[str, Any]:
    """What the real command makes of a request's arguments."""
    name, *rest = request.arguments("STUDY-FOLDER")
    return dict(command_named(name).make_context(name, rest).params)


def shown(value: object) -> object:
    """A value as the command line has it: text, lists joined."""
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return value if value is None or isinstance(value, bool) else str(value)


def differing(request: Request) -> list[str]:
    """Fields whose value does not arrive at the command."""
    arrived = params(request)
    wrong = []
    for each in fields(request):
        value, got = getattr(request, each.name), arrived.get(each.name)
        if value is None or value == ():  # left to the command
            continue
        if isinstance(value, tuple) and not each.metadata["repeated"]:
            value = ",".join(map(str, value))
        if shown(got) != shown(value):
            wrong.append(f"{each.name}: {value!r} arrives as {got!r}")
    return wrong


@pytest.mark.parametrize("request_", [*LEAST, *FULL], ids=lambda each: each.command)
def test_every_value_arrives(request_: Request) -> None:
    """Defaults are not typed, so those of ``LEAST`` arrive only where the command's are equal."""
    assert differing(request_) == []


@pytest.mark.parametrize("request_", FULL, ids=lambda each: each.command)
def test_the_full_requests_leave_nothing_at_its_default(request_: Request) -> None:
    for each in fields(request_):
        assert getattr(request_, each.name) != each.default, each.name


@pytest.mark.parametrize("request_", FULL, ids=lambda each: each.command)
def test_a_request_has_every_option_of_its_command(request_: Request) -> None:
    arrived = set(params(request_)) - {"study"} - ONLY_TYPED
    assert arrived == {each.name for each in fields(request_)}


@pytest.mark.parametrize("request_", FULL, ids=lambda each: each.command)
def test_the_study_is_where_the_command_looks_for_it(request_: Request) -> None:
    assert str(params(request_).get("study")) == (
        "None" if request_.study_option is None else "STUDY-FOLDER"
    )


def test_requests_are_of_commands_and_of_one_each() -> None:
    names = [request.command for request in FULL]
    assert sorted(names) == sorted(set(names))
    assert set(names) <= set(COMMANDS)
    concrete = {each for each in vars(commands).values() if isinstance(each, type)}
    assert concrete - {Request, GoalOptions} == {type(request) for request in FULL}


def test_another_default_is_noticed() -> None:
    @dataclass(frozen=True)
    class Other(Calibrate):
        plans: int = option("--plans", 17)

    assert differing(Other()) == ["plans: 17 arrives as 16"]


def test_a_misspelled_option_is_noticed() -> None:
    @dataclass(frozen=True)
    class Other(Request):
        command: ClassVar[str] = "calibrate"
        plans: int = option("--plan-count", 16)

    with pytest.raises(Exception, match="No such option"):
        differing(Other(3))


def test_what_is_usual_is_not_typed() -> None:
    assert Verify("P").arguments("S") == ["verify", "S", "P"]
    assert Sweep().line() == "prunescope sweep --study STUDY"
    assert Time().line("a b") == "prunescope time 'a b'"


def test_requests_are_values() -> None:
    assert replace(Sweep(), mode="decide") == Sweep(mode="decide")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sweep().mode = "decide"  # type: ignore[misc]


def test_a_grid_is_a_sweep() -> None:
    grid = Grid((Method.parse("l1@channel"),), (0.75, 0.1 * 3), ("conv",), ("bn",), (0,), 8)
    assert Sweep.of(grid).line("S") == (
        "prunescope sweep --study S --methods l1@channel --sparsities 0.3,0.75 --layers conv "
        "--recovery bn --seeds 0 --round 8"
    )
    part = dataclasses.replace(grid, shard=Shard(2, 8))
    assert Sweep.of(part).arguments("S")[-2:] == ["--shard", "2/8"]
