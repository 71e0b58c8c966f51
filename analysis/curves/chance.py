"""Compare a criterion with chance: its curve with that of a random control. Torch-free."""

from dataclasses import dataclass

import pandas as pd

from prunescope.curves.seeds import over_seeds
from prunescope.study import SHUFFLED, is_control

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
            verdict = f"beats chance {_at(self.better)}, and is worse {_at(self.worse)}"
        elif self.worse:
            verdict = f"is worse than chance {_at(self.worse)}"
        elif self.better:
            everywhere = len(self.better) == len(self.compared)
            verdict = f"beats chance {'everywhere' if everywhere else _at(self.better)}"
        else:
            verdict = "is no better than chance"
        seeds = f", {self.seeds} seeds" if self.seeds > 1 else ", one seed"
        name = self.method if self.recovery == "none" else f"{self.method} + {self.recovery}"
        return f"{name} {verdict} ({self.control}{seeds})."


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


def _at(sparsities: tuple[float, ...]) -> str:
    """Sparsities in percent, as a list or, where there are many, their range."""
    shown = [f"{100 * value:g}" for value in sorted(sparsities)]
    return f"at {', '.join(shown)} %" if len(shown) < 4 else f"from {shown[0]} to {shown[-1]} %"
