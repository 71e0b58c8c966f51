"""The request of ``time``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request, option
from prunescope.study.computations import PROCESSOR


@dataclass(frozen=True)
class Time(Request):
    """Time a plan against the dense model; without one, the smaller models that predict all.

    Attributes:
        plan: A plan's file, or the name of a saved one; None to build the table.
        batch: Samples per run.
        budget: Seconds to spend; None for the usual time.
        threads: Of the CPU.
        runtime: Names of what runs it; none for the usual ones.
        import_file: A table that another machine exported, to add; None for none.
        export_file: Where the timed models are written; None for nowhere.
        data: A reference, with a model in the study's place; None for a study.
        weights: File of such a model's weights; None for its own.
        random: Whether a model by name keeps random weights.
        device: Where the network lies; runtimes of a GPU take this one, ``cuda:1`` for a second.
        force: Whether the exported file may take the place of one that is no latency table.
    """

    command: ClassVar[str] = "time"

    plan: str | None = field(default=None, metadata=ARGUMENT)
    batch: int = option("--batch", 1)
    budget: float | None = option("--budget", None)
    threads: int = option("--threads", 1)
    runtime: tuple[str, ...] = option("--runtime", ())
    import_file: str | None = option("--import-table", None)
    export_file: str | None = option("--export-table", None)
    data: str | None = option("--data", None)
    weights: str | None = option("--weights", None)
    random: bool = option("--random", False)
    device: str = option("--device", PROCESSOR)
    force: bool = option("--force", False)
