"""The request of ``export``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request, option


@dataclass(frozen=True)
class Export(Request):
    """Write a pruned model, every file reloaded and compared.

    Attributes:
        plan: A plan's file, or the name of a saved one.
        formats: Which; none for all.
        output: Folder; None for the study's exports.
        recovered: Whether with the fine-tuned weights.
        threads: Of the CPU; 0 lets torch choose.
        force: Whether files that Prunescope did not write are replaced.
        most_lost: Of the score, that files in coarser numbers may lose; None for the usual point.
        opset: Of ONNX files; None for the one that torch writes.
    """

    command: ClassVar[str] = "export"

    plan: str = field(metadata=ARGUMENT)
    formats: tuple[str, ...] = option("--formats", ())
    output: str | None = option("--output", None)
    recovered: bool = option("--recovered", False)
    threads: int = option("--threads", 0)
    force: bool = option("--force", False)
    most_lost: float | None = option("--most-lost", None)
    opset: int | None = option("--opset", None)
