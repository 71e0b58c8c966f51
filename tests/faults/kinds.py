"""The kinds of jobs that a study has, each as a command that can be killed and started again."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        name: What it is called.
        line: The words after ``prunescope``, on the study of the workplace or a new one.
        study: The study's folder.
        clocked: Whether its results are times, or were looked for within a time: no two runs have
            them in common.
        settles: Whether it leaves points out as soon as others have settled them: which ones,
            depends on what was known at each look, so on the kills too.
    """

    name: str
    line: tuple[str, ...]
    study: str = "study"
    clocked: bool = False
    settles: bool = False


def _kind(
    name: str, line: str, study: str = "study", clocked: bool = False, settles: bool = False
) -> Kind:
    return Kind(name, tuple(line.split()), study, clocked, settles)


_SWEEP: Final = "sweep --study study "
_GRID: Final = "--sparsities 0.05:0.95:0.05 --methods magnitude,random --seeds 0,1"

KINDS: Final = (
    _kind("sweep", _SWEEP + _GRID),
    _kind(
        "sweep in chunks",
        "sweep sample:mlp --study images --methods magnitude,random --seeds 0"
        " --sparsities 0.3:0.9:0.1",
        "images",
    ),
    _kind("sweep by the plain loop", _SWEEP + _GRID + " --engine naive"),
    _kind("sweep of channels, refitted", _SWEEP + "--methods l1@channel --recovery none,ls"),
    _kind("adaptive sweep", _SWEEP + _GRID + " --mode adaptive", settles=True),
    _kind("deciding sweep", _SWEEP + _GRID + " --mode decide", settles=True),
    _kind("calibrate", "calibrate study --plans 12"),
    _kind("verify", "verify study half"),
    _kind("plan", "plan study --target parameters=0.6 --save --name best", clocked=True),
    _kind(
        "plan search",
        "plan study --target parameters=0.6 --verify 3 --save --name best",
        clocked=True,
    ),
    _kind("pareto", "pareto study --cost parameters --points 12"),
    _kind("finetune", "finetune study half --epochs 20 --batch 8"),
    _kind(
        "finetune in rounds",
        "finetune study half --epochs 18 --rounds 3 --batch 8 --optimizer adamw --ema 0.9"
        " --accumulate 2 --clip 1 --rate 0.01",
    ),
    _kind("time a table", "time study --budget 1.5 --runtime torch", clocked=True),
    _kind("time a plan", "time study half --budget 1 --runtime torch", clocked=True),
    _kind("export", "export study half --formats safetensors"),
)
