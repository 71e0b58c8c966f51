"""Fit the constants of ``prior_interval`` to errors of plans on networks that nobody tuned on."""

import math
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln

from prunescope.planning.prediction.prior_interval import (
    CHANGING,
    PICKED,
    SPREAD,
    STILL,
    WORTH,
    ErrorScale,
)

_FITTED: Final = 0.2
"""Largest predicted drop that counts for the fit of the constants of random plans."""


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


def fitted_solved(errors: pd.DataFrame) -> str:
    """Return how many times as far above as below its prediction a solved plan's drop may lie.

    It is the least tenth with which no more of the ``errors`` lie above the interval than below it.
    What that covers is told of networks that were left out, one at a time.
    """
    half = np.array(
        [
            ErrorScale(int(row["samples"])).half_width([], row["predicted"], row["changing"])
            for row in errors.to_dict("records")
        ]
    )
    place = ((errors["measured"] - errors["predicted"]) / half).to_numpy()
    network = errors["network"].to_numpy()
    factor, covered = picked_factor(place), []
    for name in np.unique(network):
        own = picked_factor(place[network != name])
        inside = (place >= -1) & (place <= own)
        covered += inside[network == name].tolist()
    return (
        f"{len(np.unique(network))} networks, {len(errors)} solved plans\n"
        f"PICKED = {factor:g} (in force {PICKED:g})\n"
        f"covered without it {np.mean(np.abs(place) <= 1):.3f}, with it "
        f"{np.mean((place >= -1) & (place <= factor)):.3f}, on networks that were left out "
        f"{np.mean(covered):.3f}"
    )


def picked_factor(place: np.ndarray) -> float:
    """Return the least tenth above 1 with which no more plans lie above than below.

    Args:
        place: ``(plans,)`` measured minus predicted drop, in half-widths.

    >>> picked_factor(np.array([-1.5, 0.2, 1.24, 1.9])), picked_factor(np.array([0.0, 1.24]))
    (1.3, 1.3)
    """
    below = int((place < -1).sum())
    above = np.sort(place)[::-1]
    return max(math.ceil(10 * float(above[below])) / 10, 1.0) if below < len(above) else 1.0
