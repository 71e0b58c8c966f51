"""Compare a criterion with chance: its curve with that of a random control. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from prunescope.curves.seeds import over_seeds
from prunescope.study import SHUFFLED, is_control

_RANGE: Final = 4
"""From so many neighbouring sparsities on, their ends are named alone."""
_KEY = ["subject", "recovery", "granularity"]


@dataclass(frozen=True)
class Verdict:
    """One curve against its control, sparsity by sparsity.

    Attributes:
        subject: Layer or group.
        method: What is judged.
        recovery: Of both.
        control: The method it is compared with: the criterion's own shuffled twin where it was
            measured, else random.
        seeds: Of the control.
        compared: Sparsities at which both were measured.
        better: Those at which the whole interval of the method lies below the control's: below
            both the control's interval (the mean over its seeds) and its luckiest seed.
        worse: Those at which it lies above the control's interval and its unluckiest seed.
    """

    subject: str
    method: str
    recovery: str
    control: str
    seeds: int
    compared: tuple[float, ...]
    better: tuple[float, ...]
    worse: tuple[float, ...]

    @property
    def beats(self) -> bool:
        """Whether the method is certainly better somewhere and certainly worse nowhere."""
        return bool(self.better) and not self.worse

    def sentence(self) -> str:
        """Return the verdict in words."""
        if self.better and self.worse:
            worse = _at(self.worse, self.compared)
            verdict = f"beats chance {_at(self.better, self.compared)}, and is worse {worse}"
        elif self.worse:
            verdict = f"is worse than chance {_at(self.worse, self.compared)}"
        elif self.better:
            where = "everywhere" if self.everywhere else _at(self.better, self.compared)
            verdict = f"beats chance {where}"
        else:
            verdict = "is no better than chance"
        seeds = f", {self.seeds} seeds" if self.seeds > 1 else ", one seed"
        return f"{self.name} {verdict} ({self.control}{seeds})."

    @property
    def name(self) -> str:
        """The curve that is judged: its method, and its recovery where it has one."""
        return self.method if self.recovery == "none" else f"{self.method} + {self.recovery}"

    @property
    def everywhere(self) -> bool:
        """Whether the method is certainly better at every sparsity at which both were measured."""
        return len(self.better) == len(self.compared) > 0


def chance(points: pd.DataFrame) -> tuple[Verdict, ...]:
    """Return the verdict on every curve that has a control, in the order of the points.

    Intervals are those of the paired drops against the dense model. They are compared as if the
    two methods were independent, which is stricter than a paired comparison of the two. With one
    seed of the control, its luck counts too.

    Args:
        points: As from ``prunescope.curves.means.measured_points`` or ``over_seeds``; not modified.
    """
    seed_means = over_seeds(points)
    seed_means = seed_means[seed_means["removed"] > 0]
    verdicts = []
    for (subject, recovery, granularity), rows in seed_means.groupby(_KEY, sort=False):
        by_criterion = dict(tuple(rows.groupby("criterion", sort=False)))
        for criterion, own_points in by_criterion.items():
            own = SHUFFLED + str(criterion)
            control = own if own in by_criterion else "random"
            if is_control(str(criterion)) or control not in by_criterion:
                continue
            control_points = by_criterion[control]
            both = own_points.merge(control_points, on="sparsity", suffixes=("", "_control"))
            if both.empty:
                continue
            floor = both[["low_control", "drop_min_control"]].min(axis=1)
            roof = both[["high_control", "drop_max_control"]].max(axis=1)
            suffix = "" if granularity == "weight" else f"@{granularity}"
            verdicts.append(
                Verdict(
                    str(subject), f"{criterion!s}{suffix}", str(recovery), f"{control}{suffix}",
                    int(both["seeds_control"].min()), tuple(both["sparsity"]),
                    tuple(both["sparsity"][both["high"] < floor]),
                    tuple(both["sparsity"][both["low"] > roof]),
                )
            )  # fmt: skip
    return tuple(verdicts)


def verdict_sentences(verdicts: Sequence[Verdict]) -> list[str]:
    """Return what ``verdicts`` say, one sentence for those that differ in their curve alone.

    Only curves that beat the same control everywhere share a sentence: the others name their own
    sparsities. Each curve is named with its recovery.
    """
    alike: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in verdicts:
        shared = (verdict.control, verdict.seeds) if verdict.everywhere else (verdict.name,)
        alike.setdefault((verdict.everywhere, *shared), []).append(verdict)
    return [_together(group) for group in alike.values()]


def _together(verdicts: Sequence[Verdict]) -> str:
    *others, last = verdicts
    if not others:
        return last.sentence()
    names = ", ".join(verdict.name for verdict in others)
    return f"{names} and {last.sentence().replace(' beats ', ' beat ', 1)}"


def _at(sparsities: tuple[float, ...], compared: tuple[float, ...]) -> str:
    """Sparsities in percent; a range only where every compared sparsity inside is one of them."""
    runs: list[list[float]] = []
    chosen = set(sparsities)
    together = False
    for value in sorted(compared):
        if value in chosen and together:
            runs[-1].append(value)
        elif value in chosen:
            runs.append([value])
        together = value in chosen
    parts: list[str] = []
    for run in runs:
        shown = [f"{100 * value:g}" for value in run]
        parts += shown if len(run) < _RANGE else [f"{shown[0]} to {shown[-1]}"]
    return f"at {', '.join(parts)} %"
