"""Predicted against measured drops on networks that nobody tuned on: the README's claim.

    python -m benchmarks.unseen --cache FOLDER --minutes inf        # the release's seed
    python -m benchmarks.unseen --cache FOLDER --seed 3 --networks 30
    python -m benchmarks.unseen --cache FOLDER --minutes 0          # judge again what is there
    python -m benchmarks.unseen --cache FOLDER --seed 1 --errors benchmarks/unseen_errors.csv
    python -m benchmarks.unseen --fit benchmarks/unseen_errors.csv  # the prior interval's constants

Networks are drawn from ``--seed`` (plain, batch norm, residual, depthwise, attention; 3 to 1,000
classes; 64 to 6,000 samples), trained for seconds on real images, and swept with each recovery.
Nine plans are verified by ``propose_verifications``, ``--plans`` others are drawn at random, up to
drops of five points and beyond. Each of these is predicted twice: before any plan is verified, and
after the nine. The cache keeps what was measured, so a changed predictor is judged in seconds.

A release takes a new seed. Predictors may be chosen by the seeds before it, never by its own.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln

from benchmarks._unseen_networks import draw
from benchmarks._unseen_plans import Measured, measure, read
from prunescope.planning.prediction import LogitOperators, Record, parts_of
from prunescope.planning.prediction.predict import predict
from prunescope.planning.prediction.prior_interval import CHANGING, SPREAD, STILL, WORTH
from prunescope.study.recoveries import RECOVERIES
from prunescope.text.numbers import counted

SEED: Final = 2
NETWORKS: Final = 18
PLANS: Final = 10
MINUTES: Final = 60.0

LIMIT: Final = 0.05
"""Real drop up to which the table judges."""

_MANY: Final = 1000
"""Validation images from which one image is a tenth of a point or less."""

_FITTED: Final = 0.2
"""Largest predicted drop that counts for the fit."""


def main() -> None:
    """Measure what the cache lacks within the time, then print the tables; or fit the constants."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("studies/unseen"))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--networks", type=int, default=NETWORKS)
    parser.add_argument("--plans", type=int, default=PLANS, help="random plans per recovery")
    parser.add_argument("--recoveries", nargs="+", default=RECOVERIES, choices=RECOVERIES)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="to measure for; inf: all")
    parser.add_argument("--errors", type=Path, help="write the errors without verified plans")
    parser.add_argument("--fit", type=Path, nargs="+", help="fit the prior interval to such files")
    asked = parser.parse_args()
    if asked.fit:
        print(fitted(pd.concat(map(pd.read_csv, asked.fit), ignore_index=True)))
        return
    end = time.monotonic() + 60 * asked.minutes
    networks = draw(asked.seed, asked.networks)
    for drawn in networks:
        measure(drawn, asked.cache, asked.plans, end, asked.recoveries)
    frame = pd.DataFrame(
        [
            row
            for drawn in networks
            for measured in read(drawn, asked.cache)
            if measured.recovery in asked.recoveries
            for row in judged(measured)
        ]
    )
    if frame.empty:
        print("nothing measured yet")
        return
    if asked.errors:
        columns = ["network", "kind", "classes", "samples", "leaves", "recovery"]
        own = frame[[*columns, "changing", "before", "real"]].rename(
            columns={"before": "predicted", "real": "measured"}
        )
        own.to_csv(asked.errors, index=False, float_format="%.6f")
    frame["images"] = np.where(frame["samples"] >= _MANY, f"{_MANY} or more", "fewer")
    print(
        f"Seed {asked.seed}, {frame['network'].nunique()} of {asked.networks} networks, "
        f"{len(frame)} plans.\n"
    )
    for by in (["recovery"], ["images"], ["images", "recovery"], ["kind", "recovery"],
               ["many classes", "recovery"]):  # fmt: skip
        print(markdown(frame, by))
    print(by_prediction(frame))


def judged(measured: Measured) -> list[dict[str, object]]:
    """Return a row for each random plan: measured, and predicted before and after the nine."""
    study, drawn = measured.study, measured.drawn
    manifest, known = study.manifest, measured.curves
    operators = LogitOperators(manifest, study.logits)
    record = Record.of(manifest, known, study.verified(), operators)
    rows: list[dict[str, object]] = []
    for plan, row in measured.plans:
        parts, missing = parts_of(plan, known, manifest)
        if len(parts) < 2 or missing:  # a single part is known already
            continue
        found: dict[str, object] = {
            "network": drawn.name, "kind": drawn.kind, "classes": drawn.classes,
            "many classes": drawn.classes > 64, "samples": drawn.samples, "leaves": drawn.leaves,
            "recovery": measured.recovery, "real": row["drop_sum"] / row["samples"],
        }  # fmt: skip
        for name, trusted in (("before", Record()), ("after", record)):
            guess = predict(manifest, plan, known, trusted, operators)
            found.setdefault("changing", 1 - guess.agreement)
            assert guess.drop is not None
            assert guess.interval is not None
            found |= {
                name: guess.drop, f"{name} low": guess.interval.low,
                f"{name} high": guess.interval.high, f"{name} by": guess.predictor,
                f"{name} plans": guess.basis.plans,
            }  # fmt: skip
        rows.append(found)
    return rows


def markdown(frame: pd.DataFrame, by: Sequence[str]) -> str:
    """Return one row for each group of ``by``, and one of all, as a table."""
    groups = [(key, group) for key, group in frame.groupby(list(by), sort=False)]
    if len(by) == 1:
        groups.append((("all",), frame))
    rows = [
        dict(zip(by, map(str, key), strict=True)) | figures(group, when)
        for key, group in groups
        for when in ("before", "after")
    ]
    table = pd.DataFrame(rows)
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


def fitted(errors: pd.DataFrame) -> str:
    """Return the constants of ``prior_interval`` under which the ``errors`` are likeliest.

    Scores of one network and recovery share a spread; spreads are drawn from a scaled inverse χ²
    with ``WORTH`` degrees of freedom, so together they follow a multivariate t: just what
    ``ErrorScale.half_width`` takes for granted.
    """
    errors = errors[errors["predicted"] <= _FITTED]
    groups = [
        (group["predicted"].to_numpy(), (group["predicted"] - group["measured"]).to_numpy(),
         group["changing"].to_numpy(), float(group["samples"].iloc[0]))
        for _, group in errors.groupby(["network", "recovery"])
    ]  # fmt: skip

    def loss(logs: np.ndarray) -> float:
        still, changing, spread, worth = np.exp(logs)
        total = 0.0
        for predicted, error, changes, samples in groups:
            share = np.maximum(changes, np.abs(predicted))
            noise = (still + changing * np.sqrt(share)) / np.sqrt(samples)
            scale = spread * (predicted.clip(0) + noise)
            least = 0.5 / samples  # a drop is a whole number of samples
            sizes = np.maximum(np.abs(error), least)
            count, squares = len(error), float(np.sum((sizes / scale) ** 2))
            total += gammaln((worth + count) / 2) - gammaln(worth / 2)
            total -= count / 2 * np.log(worth) + np.log(scale).sum()
            total -= (worth + count) / 2 * np.log1p(squares / worth)
        return -float(total)

    start = np.log([STILL, CHANGING, SPREAD, WORTH])
    best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000}).x
    names = ("STILL", "CHANGING", "SPREAD", "WORTH")
    return "\n".join(
        [
            f"{errors['network'].nunique()} networks, {len(groups)} studies, {len(errors)} plans",
            *(f"{name} = {value:.4g}" for name, value in zip(names, np.exp(best), strict=True)),
            f"log-likelihood {-loss(best):.1f}, of the constants in force {-loss(start):.1f}",
        ]
    )


if __name__ == "__main__":
    main()
