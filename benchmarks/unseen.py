"""Predicted against measured drops on networks that nobody tuned on: the README's claim.

    python -m benchmarks.unseen --cache FOLDER --minutes inf        # the release's seed
    python -m benchmarks.unseen --cache FOLDER --seed 4 --networks 20
    python -m benchmarks.unseen --cache FOLDER --minutes 0          # judge again what is there
    python -m benchmarks.unseen --cache FOLDER --seed 1 2 --networks 20 --minutes 0 \
        --errors benchmarks/unseen_errors.csv --solved-errors benchmarks/unseen_solved.csv
    python -m benchmarks.unseen --fit benchmarks/unseen_errors.csv  # the prior interval's constants
    python -m benchmarks.unseen --fit-solved benchmarks/unseen_solved.csv   # that of solved plans

Networks are drawn from ``--seed`` (plain, batch norm, residual, depthwise, attention; 3 to 1,000
classes; 64 to 6,000 samples), trained for seconds on real images, and swept with each recovery.
Nine plans are verified by ``propose_verifications``, ``--plans`` others are drawn at random, up to
drops of five points and beyond, and up to six are solved for, as ``prunescope plan`` does: a solver
takes the plan whose prediction is best, so these are judged by themselves. Each plan is predicted
twice: before any is verified, and after the nine. The cache keeps what was measured, so a changed
predictor is judged in seconds.

What is measured on ``n`` images is itself off by sampling noise from what further images would say;
the last column of the tables says by how much. A prediction is of those very images, so it can be
nearer to the measured drop than that drop is to the truth.

A release takes a new seed. Predictors may be chosen by the seeds before it, never by its own.
"""

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks._unseen_fit import fitted, fitted_solved
from benchmarks._unseen_networks import draw
from benchmarks._unseen_plans import Measured, measure, read
from benchmarks._unseen_solved import measure_solved, read_solved
from prunescope.planning.prediction import LogitOperators, Record, parts_of
from prunescope.planning.prediction.predict import predict
from prunescope.statistics.paired import normal_quantile
from prunescope.study.recoveries import RECOVERIES
from prunescope.text.numbers import counted

SEED: Final = 3
NETWORKS: Final = 30
PLANS: Final = 10
MINUTES: Final = 60.0

LIMIT: Final = 0.05
"""Real drop up to which the table judges."""

_MANY: Final = 1000
"""Validation images from which one image is a tenth of a point or less."""

_COLUMNS: Final = [
    "network", "kind", "classes", "samples", "leaves", "recovery", "changing", "before", "real"
]  # fmt: skip
"""Of what is kept of the errors."""


def main() -> None:
    """Measure what the cache lacks within the time, then print the tables; or fit the constants."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("studies/unseen"))
    parser.add_argument("--seed", type=int, nargs="+", default=[SEED])
    parser.add_argument("--networks", type=int, default=NETWORKS, help="of each seed")
    parser.add_argument("--plans", type=int, default=PLANS, help="random plans per recovery")
    parser.add_argument("--recoveries", nargs="+", default=RECOVERIES, choices=RECOVERIES)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="to measure for; inf: all")
    parser.add_argument("--errors", type=Path, help="write the errors without verified plans")
    parser.add_argument("--solved-errors", type=Path, help="the same of solved plans")
    parser.add_argument("--fit", type=Path, nargs="+", help="fit the prior interval to such files")
    parser.add_argument("--fit-solved", type=Path, nargs="+", help="how far above solved plans lie")
    asked = parser.parse_args()
    for files, fit in ((asked.fit, fitted), (asked.fit_solved, fitted_solved)):
        if files:
            print(fit(pd.concat(map(pd.read_csv, files), ignore_index=True)))
            return
    end = time.monotonic() + 60 * asked.minutes
    networks = [drawn for seed in asked.seed for drawn in draw(seed, asked.networks)]
    for drawn in networks:
        measure(drawn, asked.cache, asked.plans, end, asked.recoveries)
        measure_solved(drawn, asked.cache, end, asked.recoveries)
    frame, of_solved = (
        pd.DataFrame(
            [
                row
                for drawn in networks
                for measured in reader(drawn, asked.cache)
                if measured.recovery in asked.recoveries
                for row in judged(measured, solved=reader is read_solved)
            ]
        )
        for reader in (read, read_solved)
    )
    if frame.empty:
        print("nothing measured yet")
        return
    for path, rows in ((asked.errors, frame), (asked.solved_errors, of_solved)):
        if path:
            own = rows[_COLUMNS].rename(columns={"before": "predicted", "real": "measured"})
            own.to_csv(path, index=False, float_format="%.6f")
    frame["images"] = np.where(frame["samples"] >= _MANY, f"{_MANY} or more", "fewer")
    print(
        f"{counted(len(asked.seed), 'seed')} ({', '.join(map(str, asked.seed))}), "
        f"{frame['network'].nunique()} of {len(networks)} networks, "
        f"{len(frame)} plans.\n"
    )
    for by in (["recovery"], ["images"], ["samples"], ["images", "recovery"], ["kind", "recovery"],
               ["many classes", "recovery"]):  # fmt: skip
        print(markdown(frame, by))
    print(by_prediction(frame))
    if not of_solved.empty:
        print(solved_table(frame, of_solved))


def judged(measured: Measured, solved: bool = False) -> list[dict[str, object]]:
    """Return a row for each plan: measured, and predicted before and after the nine.

    Args:
        measured: Plans with what was measured of them.
        solved: Whether a solver picked them.
    """
    study, drawn = measured.study, measured.drawn
    manifest, known = study.manifest, measured.curves
    operators = LogitOperators(manifest, study.logits)
    record = Record.of(manifest, known, study.verified(), operators)
    rows: list[dict[str, object]] = []
    for drawn_plan, row in measured.plans:
        plan = drawn_plan.as_solved() if solved else drawn_plan
        parts, missing = parts_of(plan, known, manifest)
        if len(parts) < 2 or missing:  # a single part is known already
            continue
        found: dict[str, object] = {
            "network": drawn.name, "kind": drawn.kind, "classes": drawn.classes,
            "many classes": drawn.classes > 64, "samples": drawn.samples, "leaves": drawn.leaves,
            "recovery": measured.recovery, "real": row["drop_sum"] / row["samples"],
            "noise": sampling_noise(row["samples"], row["drop_sum"], row["drop_squares"]),
        }  # fmt: skip
        for name, trusted in (("before", Record()), ("after", record)):
            guess = predict(manifest, plan, known, trusted, operators)
            found.setdefault("changing", 1 - guess.agreement)
            assert guess.drop is not None
            assert guess.interval is not None
            for figure in ("entropy", "divergence"):
                around = getattr(guess, f"{figure}_interval")
                real = row[f"{figure}_sum"] / row["samples"]
                found[f"{figure} {name}"] = around.low <= real <= around.high
            found |= {
                name: guess.drop, f"{name} low": guess.interval.low,
                f"{name} high": guess.interval.high, f"{name} by": guess.predictor,
                f"{name} plans": guess.basis.plans,
            }  # fmt: skip
        rows.append(found)
    return rows


def sampling_noise(samples: int, total: float, squares: float) -> float:
    """Return how far a measured mean drop is off on further images, in nine plans of ten.

    Args:
        samples: On which it was measured.
        total: Sum of the drops of the samples.
        squares: Sum of their squares.

    >>> round(sampling_noise(100, 2.0, 10.0), 3)
    0.051
    """
    variance = squares / samples - (total / samples) ** 2
    return normal_quantile(0.95) * math.sqrt(max(variance, 0.0) / samples)


def solved_table(random: pd.DataFrame, solved: pd.DataFrame) -> str:
    """Return how solved plans do beside random ones, whatever they lose, as a table.

    "above" are those that lost more than the interval of their prediction allows.
    """
    rows = []
    for words, frame in (("random", random), ("solved", solved)):
        for recovery in (*dict.fromkeys(frame["recovery"]), "all"):
            own = frame if recovery == "all" else frame[frame["recovery"] == recovery]
            for when in ("before", "after"):
                error = 100 * (own[when] - own["real"])
                above = own["real"] > own[f"{when} high"]
                below = own["real"] < own[f"{when} low"]
                rows.append(
                    {
                        "plans": words, "recovery": recovery, "predicted": f"{when} the nine",
                        "networks": own["network"].nunique(), "count": len(own),
                        "predicted less": f"{-error.mean():+.2f}",
                        "mean error": f"{error.abs().mean():.2f}",
                        "covered": f"{100 * (1 - (above | below).mean()):.0f} %",
                        "above": f"{100 * above.mean():.0f} %",
                        "below": f"{100 * below.mean():.0f} %",
                        "cross-entropy covered": f"{100 * own[f'entropy {when}'].mean():.0f} %",
                        "KL covered": f"{100 * own[f'divergence {when}'].mean():.0f} %",
                    }
                )  # fmt: skip
    return as_markdown(pd.DataFrame(rows))


def markdown(frame: pd.DataFrame, by: Sequence[str]) -> str:
    """Return one row for each group of ``by``, and one of all, as a table."""
    groups = [(key, group) for key, group in frame.groupby(list(by), sort=list(by) == ["samples"])]
    if len(by) == 1:
        groups.append((("all",), frame))
    rows = [
        dict(zip(by, map(str, key), strict=True)) | figures(group, when)
        for key, group in groups
        for when in ("before", "after")
    ]
    return as_markdown(pd.DataFrame(rows))


def as_markdown(table: pd.DataFrame) -> str:
    """Return ``table`` as Markdown."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def figures(group: pd.DataFrame, when: str) -> dict[str, object]:
    """Return what the table says of some plans predicted ``before`` or ``after`` the nine."""
    error = group[when] - group["real"]
    inside = (group[f"{when} low"] <= group["real"]) & (group["real"] <= group[f"{when} high"])
    own = group["real"] <= LIMIT
    half = (group[f"{when} high"] - group[f"{when} low"])[own] / 2
    points = 100 * error[own]
    return {
        "predicted": f"{when} the nine", "networks": group["network"].nunique(),
        "plans ≤ 5 points": int(own.sum()), "bias": f"{points.mean():+.2f}",
        "mean error": f"{points.abs().mean():.2f}", "p90": f"{points.abs().quantile(0.9):.2f}",
        "covered": f"{100 * inside[own].mean():.0f} %",
        "median half-width": f"{100 * half.median():.2f}",
        "all plans": len(group), "all covered": f"{100 * inside.mean():.0f} %",
        "sampling noise": f"{100 * group['noise'][own].median():.2f}",
    }  # fmt: skip


def by_prediction(frame: pd.DataFrame) -> str:
    """Return the bias of plans that are predicted to lose at most ``LIMIT``, whatever they lose.

    The table picks plans by what they really lose, so one that was predicted to lose more and lost
    less counts, and one that was predicted to lose less and lost more does not: errors alone make
    that a bias upwards. This is the one that a reader of predictions meets.
    """
    said = []
    for when in ("before", "after"):
        own = frame[frame[when] <= LIMIT]
        errors = 100 * (own[when] - own["real"])
        said.append(f"{when} the nine {errors.mean():+.2f} ({counted(len(own), 'plan')})")
    return f"Bias of plans predicted to lose at most {100 * LIMIT:.0f} points: {', '.join(said)}."


if __name__ == "__main__":
    main()
