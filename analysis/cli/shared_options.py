"""The arguments that several commands take, each described once."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.model_kinds.registry import forms
from prunescope.study.bounds import checked_path
from prunescope.study.recoveries import RECOVERIES

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help=forms(),
        show_default=False,
    ),
]


def named_path(text: str | Path) -> Path:
    """Return what somebody typed as a path, checked as far as words go."""
    return checked_path(text, "what names a file or folder")


StudyArgument = Annotated[
    Path, typer.Argument(metavar="STUDY", help="A study folder.", parser=named_path)
]
PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="A plan's JSON file, or the name of a saved plan.")
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="sample:fashion-mnist, sample:opticks, imagefolder:DIR, torchvision:NAME, hf:DATASET, "
        "textfile:FILE, file.npz, file.py:function",
    ),
]
WeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights", metavar="PATH",
        help="safetensors, a state dict, or a folder or index of shards; never a pickle.",
        parser=named_path,
    ),
]  # fmt: skip
RandomOption = Annotated[
    bool,
    typer.Option("--random", help="Keep the random weights of a model by name: no download."),
]
MetricOption = Annotated[
    str | None,
    typer.Option(
        "--metric",
        help="top-K, cross-entropy, perplexity, bits-per-byte, mse, mae, pixel-accuracy, "
        "agreement, or file.py:function; several with commas: the first is drawn, all are "
        "stored. [default: top-1]",
        show_default=False,
    ),
]
LossOption = Annotated[
    str | None,
    typer.Option(
        "--loss",
        help="What gradients and training are taken of: cross-entropy, binary-cross-entropy, mse, "
        "mae, or file.py:function. [default: by the targets, summed over heads]",
        show_default=False,
    ),
]
OutputsOption = Annotated[
    str,
    typer.Option(
        "--outputs",
        help="Comma-separated outputs that have to stay, such as logits; all by default.",
        show_default=False,
    ),
]
HeadsOption = Annotated[
    str,
    typer.Option(
        "--heads",
        help="key-value: where key-value heads serve several query heads, a unit is one of them "
        "with all of its query heads. By default that, or one query head of each: whichever are "
        "more.",
        show_default=False,
    ),
]
RecoveryOption = Annotated[
    str,
    typer.Option("--recovery", help=f"Of the curves and the plans: {', '.join(RECOVERIES)}."),
]
ThreadsOption = Annotated[
    int, typer.Option("--threads", min=0, help="CPU threads; 0 lets torch choose.")
]
DeviceOption = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="auto (a GPU that torch can use, else the CPU), cpu, cuda, cuda:1, xpu or mps.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
JobOption = Annotated[Path | None, typer.Option("--job", hidden=True)]
