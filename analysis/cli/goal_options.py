"""The options that ``plan`` and ``pareto`` share: what is asked, in words."""

from typing import Annotated

import typer

from prunescope.errors import BadValue
from prunescope.planning.named_choices import parse_lock
from prunescope.planning.side_limits import asked_of
from prunescope.planning.solve import Goal
from prunescope.store.folder import StudyFolder
from prunescope.study import parse_methods
from prunescope.study.name_patterns import matching

TargetOption = Annotated[
    list[str],
    typer.Option(
        "--target",
        help="At most so much of a cost: macs=0.5, bytes=1.5MB, latency=4ms; or of the score: "
        "drop=0.01 in the metric's unit, drop=2% of dense; or of classes: worst-class=3pt for "
        "every one's recall, recall:NAME=1pt for one's; or of a stored metric: macro-f1=1pt. "
        "Repeat.",
    ),
]
LockOption = Annotated[
    list[str] | None,
    typer.Option("--lock", help="Keep as it is: conv1=0, conv1=taylor:0.5, 'layer3.*=0'. Repeat."),
]
ExcludeOption = Annotated[
    str,
    typer.Option(
        "--exclude",
        help="Layers, groups or patterns ('layer3.*') that stay dense, with commas.",
    ),
]
BoundOption = Annotated[
    list[str] | None, typer.Option("--bound", help="Least and largest sparsity: conv1=0:0.5.")
]
MethodsOption = Annotated[
    str, typer.Option("--methods", help="Which may be taken; all measured ones but random.")
]
RoundOption = Annotated[int, typer.Option("--round", help="Units kept are multiples: 1 to 32.")]
ObjectiveOption = Annotated[
    str, typer.Option("--objective", help="What stays small: kl, cross-entropy, drop, or a cost.")
]
SettingOption = Annotated[
    str, typer.Option("--runtime", help="Latency table to use, such as onnx; the first by default.")
]

ExtrapolateOption = Annotated[
    bool,
    typer.Option(
        "--extrapolate",
        help="Let sparsities past the last measured points be chosen, where damage is a guess.",
    ),
]


def goal_of(
    study: StudyFolder, targets: list[str], locks: list[str] | None, exclude: str,
    bounds: list[str] | None, methods: str, round_to: int, objective: str, recovery: str,
    extrapolate: bool = False,
) -> Goal:  # fmt: skip
    """Return the goal that the options name, checked as far as words go."""
    from prunescope.curves.curve import curves, subjects

    asked = asked_of(targets, study)
    known = curves(study.measured(), study.manifest) if locks else {}
    names = subjects(study.manifest)
    named = dict(
        parse_lock(text, study.manifest, known, recovery)
        for whole in locks or ()
        for text in _each(whole, names)
    )
    return Goal(
        asked.targets,
        objective,
        recovery,
        locks=named,
        bounds=dict(_bound(text) for whole in bounds or () for text in _each(whole, names)),
        excluded=matching([name for name in exclude.split(",") if name], names, "layer or group"),
        methods=tuple(map(study.manifest.named, parse_methods(methods))) if methods else (),
        round_to=round_to,
        extrapolate=extrapolate,
        class_limits=asked.classes,
        metric_limits=asked.metrics,
    )


def _each(text: str, names: tuple[str, ...]) -> list[str]:
    """``NAME=VALUE`` for every layer or group that the pattern in ``text`` matches."""
    name, sign, value = text.partition("=")
    if not name or not sign:
        return [text]
    return [f"{each}={value}" for each in matching([name], names, "layer or group")]


def _bound(text: str) -> tuple[str, tuple[float, float]]:
    name, _, span = text.partition("=")
    low, colon, high = span.partition(":")
    try:
        return name, (float(low), float(high if colon else "nan"))
    except ValueError:
        raise BadValue(
            f"Expected bounds like conv1=0:0.5, but got {text!r}. Write the layer, an equals sign, "
            "and its least and largest sparsity."
        ) from None
