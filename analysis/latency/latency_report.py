"""Latency of the dense and the pruned model, with what may be concluded from it. Torch-free."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.html_tables import table
from prunescope.latency.plan_memory import PlanMemory
from prunescope.latency.table.rows import PROCESSOR
from prunescope.store.json_documents import read_document, write_document
from prunescope.text.units import percent

BUSY: Final = 0.1
"""Share of the time or of the rounds that others may have while a machine counts as idle."""
WIDEST: Final = 1.5
"""How many times its lower end an interval's upper end may be while a speed is stated."""
ALWAYS: Final = 0.03
"""Least half-width of a speed's interval, relative: where a compiled model lies in memory alone
moves it by 1 to 3 % between two timings on an idle machine."""
SHARED: Final = 0.1
"""What is added to it on a machine that is not one's own at all: models lose unequally when others
fill the caches (``benchmarks/busy_timing.py`` measures both numbers)."""


@dataclass(frozen=True)
class Timing:
    """The latency of one model: one forward pass of one batch.

    Attributes:
        median: Over the rounds, seconds.
        low: Of the fast rounds (``interleaved_timing.FAST``), seconds: what the model takes.
        high: Third quartile, seconds.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{self.low * 1e3:.3g} ms (median {self.median * 1e3:.3g}, "
            f"upper quartile {self.high * 1e3:.3g})"
        )


@dataclass(frozen=True)
class Ratio:
    """Dense time divided by the other model's time: above 1 the other one is faster.

    Attributes:
        value: The ratio of the two times in their fast rounds.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    @property
    def holds_one(self) -> bool:
        """Whether the interval holds 1: no difference was found."""
        return self.low <= 1 <= self.high

    def widened(self, share: float) -> "Ratio":
        """Return it with an interval whose ends lie further out by ``share`` of them, squared sum.

        >>> Ratio(2.0, 2.0, 2.0).widened(0.1)
        Ratio(value=2.0, low=1.8, high=2.2)
        """
        below = math.hypot(1 - self.low / self.value, share)
        above = math.hypot(self.high / self.value - 1, share)
        return Ratio(self.value, self.value * max(1 - below, 0.0), self.value * (1 + above))


def systematic(taken: float) -> float:
    """Return the relative half-width of a ratio that no number of rounds makes narrower.

    Args:
        taken: Share of the time or of the rounds that others had.
    """
    return ALWAYS + SHARED * taken


@dataclass(frozen=True)
class RuntimeLatency:
    """What one runtime needs for both models.

    Attributes:
        runtime: Title of one of ``prunescope.latency.runtimes``, such as ``PyTorch``.
        version: Of the runtime.
        dense: The dense model.
        pruned: The pruned model.
        ratio: Dense over pruned.
        control: Dense over a second copy of the dense model, timed in the same rounds: what
            this machine shows where there is no difference.
        pairs: Interleaved rounds.
        calls: Forward passes per timed run, so that short ones can be told from the clock.
        problem: Why this runtime was not timed, else None; the timings are 0 then.
        device: That computed; reports of before it was noted are the processor's.
        taken: Share of the timing in which others had the cores; see ``Race``.
        conditions: What else the times depend on, such as a GPU's clocks after them.
    """

    runtime: str
    version: str
    dense: Timing = Timing(0, 0, 0)
    pruned: Timing = Timing(0, 0, 0)
    ratio: Ratio = Ratio(1, 1, 1)
    control: Ratio = Ratio(1, 1, 1)
    pairs: int = 0
    calls: int = 0
    problem: str | None = None
    device: str = PROCESSOR
    taken: float = 0.0
    conditions: str = ""

    @property
    def busy(self) -> bool:
        """Whether others had the cores for more than a moment while this was timed."""
        return self.taken > BUSY

    @property
    def stated(self) -> bool:
        """Whether the rounds agree well enough for a speed to be claimed."""
        return self.problem is None and self.ratio.high <= WIDEST * self.ratio.low

    @property
    def differs(self) -> bool:
        """Whether the pruned model's time differs: beyond its interval and beyond the control's."""
        floor = max(abs(self.control.low - 1), abs(self.control.high - 1))
        return self.stated and not self.ratio.holds_one and (
            abs(self.ratio.value - 1) > floor
        )  # fmt: skip


@dataclass(frozen=True)
class LatencyReport:
    """Dense and pruned, timed side by side on one machine.

    Attributes:
        digest: Of the plan.
        plan: The plan's name.
        fingerprint: Of the study.
        batch: Samples per forward pass.
        threads: That a runtime may use.
        dtype: Of the weights.
        processor: Name of the CPU.
        cores: Logical cores that the machine has.
        load: Mean number of runnable processes in the minute before, this one included.
        dense_macs: Multiply-accumulates per sample of the dense model in a dense runtime.
        pruned_macs: Of the pruned one; the same where pruning only sets zeros.
        runtimes: In the order of lists.
        memory: Predicted and measured; None in reports of before, and without a graph.
    """

    digest: str
    plan: str
    fingerprint: str
    batch: int
    threads: int
    dtype: str
    processor: str
    cores: int
    load: float
    dense_macs: int
    pruned_macs: int
    runtimes: tuple[RuntimeLatency, ...]
    memory: PlanMemory | None = None

    def verdict(self, runtime: RuntimeLatency) -> str:
        """Return in words what ``runtime``'s interval allows to say, and not more."""
        if runtime.problem is not None:
            return f"{runtime.runtime}: not timed. {runtime.problem}"
        ratio = runtime.ratio
        interval = f"{ratio.value:.2f}×, 95 % interval {ratio.low:.2f} to {ratio.high:.2f}"
        if not runtime.stated:
            return (
                f"{runtime.runtime}: no claim, as the rounds differ too much (95 % interval "
                f"{ratio.low:.2f} to {ratio.high:.2f}). Time the plan again on an idle machine, or "
                "for longer."
            )
        if not runtime.differs:
            why = (
                "dense runtimes multiply by zeros too; zeros make the download smaller, not the "
                "model faster."
                if self.pruned_macs == self.dense_macs
                else "what was removed is too little to be seen on this machine."
            )
            beyond = "" if ratio.holds_one else (
                " (two copies of the dense model differ as much: "
                f"{runtime.control.low:.2f} to {runtime.control.high:.2f})"
            )  # fmt: skip
            return f"{runtime.runtime}: no difference ({interval}){beyond}: {why}"
        word = "faster" if ratio.value > 1 else "slower"
        return f"{runtime.runtime}: the pruned model is {word} ({interval})."

    def _repr_html_(self) -> str:
        rows = [
            (each.runtime, each.dense, each.pruned, f"{each.ratio.value:.3f} times")
            for each in self.runtimes
            if each.problem is None
        ]
        columns = ("runtime", "dense", "pruned", "faster by")
        return table(f"Latency of {self.plan!r}", columns, rows, self.lines())

    def lines(self) -> tuple[str, ...]:
        """Return the report as text: the setting, warnings, both times per runtime, verdicts."""
        sentences = [
            f"{self.processor}, {self.threads} of {self.cores} threads, batch {self.batch}, "
            f"{self.dtype}; the fastest fifth of interleaved runs"
        ]
        if self.warning:
            sentences.append(self.warning)
        for each in self.runtimes:
            if each.problem is None:
                sentences.append(
                    f"{each.runtime} {each.version}: dense {each.dense}, pruned {each.pruned}, "
                    f"{each.pairs} rounds of {each.calls} passes"
                    f"{f'; {each.device}' if each.device != PROCESSOR else ''}"
                    f"{f'; {each.conditions}' if each.conditions else ''}"
                )
            sentences.append(self.verdict(each))
        if self.memory is not None:
            sentences.append(self.memory_line)
        return tuple(sentences)

    @property
    def warning(self) -> str:
        """How much of the machine others had, and what that means; empty on an idle one.

        It belongs in front of the verdicts, which rest on it.
        """
        busy = [each for each in self.runtimes if each.problem is None and each.busy]
        if busy:
            taken = max(each.taken for each in busy)
            return (
                f"The machine was busy: others took {percent(taken, 0)} of the time. What is "
                "counted are the processor time and the rounds that they left alone, and the "
                "intervals are wider; narrower ones take an idle machine."
            )
        if self.load > self.cores:
            return (
                f"The machine was busy before (load {self.load:.1f} on {self.cores} cores), and "
                "idle enough while it was timed."
            )
        return ""

    @property
    def memory_line(self) -> str:
        """Weights and peak activations, predicted and measured, or nothing."""
        return "" if self.memory is None else self.memory.line(self.batch)

    @property
    def verdicts(self) -> tuple[str, ...]:
        """One sentence per runtime."""
        return tuple(self.verdict(runtime) for runtime in self.runtimes)


def latency_path(study: Path, digest: str) -> Path:
    """Return where the study folder ``study`` keeps the latency of the plan ``digest``."""
    return study / "latency" / f"{digest}.json"


def read_latency(study: Path, digest: str) -> LatencyReport | None:
    """Return the stored latency of the plan ``digest``, or None when it was not timed.

    Raises:
        DamagedFile: The file cannot be read as a report.
    """
    path = latency_path(study, digest)
    return read_document(LatencyReport, path) if path.is_file() else None


def write_latency(study: Path, report: LatencyReport) -> None:
    """Store ``report`` in the study folder ``study``."""
    write_document(latency_path(study, report.digest), report)
