"""Predicted against measured drops of random combined plans, per predictor and sample model.

    python -m benchmarks.prediction_table --cache FOLDER                    # 20 minutes of it
    python -m benchmarks.prediction_table --cache FOLDER --minutes inf      # everything
    python -m benchmarks.prediction_table --cache FOLDER lenet5-channel-none --minutes 5
    python -m benchmarks.prediction_table --cache FOLDER --minutes 0        # print what is there

For each case (sample model, what leaves, recovery) single layers or groups are swept on 2,000
validation images (1,000 where the model is large), 16 plans are verified for calibration
(``propose_verifications``), and ``--plans`` held-out plans, drawn at random by another generator,
are measured and compared with what was predicted of them from the sweep and the calibration alone.
The cache keeps all that was measured: a run that is stopped, or whose minutes are over, goes on
from there, and a line above the tables says what is still to be measured.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from benchmarks._prediction_cases import Case, cases, measure, table_of
from prunescope.curves.curve import curves
from prunescope.planning.prediction import PREDICTORS, LogitOperators, Record
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.statistics.paired import Interval
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.plan import Plan
from prunescope.text import units

LIMIT: Final = 0.05
"""Real drop up to which the tables judge."""

IN_FORCE: Final = "in force"
_GOAL: Final = (1.0, 0.90)
"""Most p90 error in points, least coverage."""

_FEWEST: Final = 10

MINUTES: Final = 20.0
"""To measure for, when nothing else is asked: so a row of all benchmarks ends."""


def main() -> None:
    """Measure what the cache lacks within the time, then print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", nargs="*", help="MODEL-GRANULARITY-RECOVERY; all by default")
    parser.add_argument("--cache", type=Path, default=Path("studies/prediction-table"))
    parser.add_argument("--plans", type=int, default=100, help="held-out plans per case")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="to measure for; inf: all")
    parser.add_argument("--draw", default="held-out", choices=["held-out", "practice"])
    parser.add_argument("--images", type=int, default=0, help="instead; in a cache of its own")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    end = time.monotonic() + 60 * asked.minutes
    chosen = [each for each in cases() if str(each) in asked.cases or not asked.cases]
    for case in chosen:
        if time.monotonic() < end:
            measure(case, asked.cache, asked.plans, end, asked.draw, asked.images)
    lacking = [
        c for c in chosen if len(table_of(asked.cache / str(c), asked.draw).read()) < asked.plans
    ]
    if lacking:
        print(
            f"After {asked.minutes:g} minutes {len(lacking)} of {len(chosen)} cases have fewer "
            f"than {asked.plans} plans, and --minutes inf measures them all: "
            f"{', '.join(map(str, lacking))}."
        )
    judged = {case: _judged(case, asked.cache, asked.draw) for case in chosen}
    judged = {c: f for c, f in judged.items() if len(f) >= _FEWEST * (len(PREDICTORS) + 1)}
    if not judged:
        print("nothing measured yet")
        return
    print(_markdown([_summary(case, frame) for case, frame in judged.items()]))
    print(_markdown([row for case, frame in judged.items() for row in _others(case, frame)]))
    print(_markdown([row for case, frame in judged.items() for row in _each(case, frame)]))


def _judged(case: Case, cache: Path, draw: str) -> pd.DataFrame:
    """One row for each predictor and plan that really loses at most ``LIMIT``."""
    folder = cache / str(case)
    if not (folder / "study.json").exists():
        return pd.DataFrame()
    study = StudyFolder.open(folder)
    known = curves(study.measured(), study.manifest)
    cells = LogitOperators(study.manifest, study.logits)
    record = Record.of(study.manifest, known, study.verified(), cells)
    labels = study.logits.targets()
    assert labels is not None
    counts = np.bincount(labels)
    found = []
    for row in table_of(folder, draw).read().to_dict("records"):
        if row["drop_sum"] / row["samples"] > LIMIT:
            continue
        plan = from_json(Plan, row["plan"], "a held-out plan")
        for name in (*PREDICTORS, IN_FORCE):
            only = None if name == IN_FORCE else name
            trusted = record if name == IN_FORCE else Record()
            guess = predict(study.manifest, plan, known, trusted, cells, only)
            if guess.drop is not None:
                found.append({"name": name} | _compared(guess, row, counts))
    return pd.DataFrame(found)


def _compared(guess: Prediction, row: dict[Any, Any], counts: np.ndarray) -> dict[str, object]:
    samples = row["samples"]
    worst = float(np.min(np.array(row["class_correct"]) / counts))
    real = {
        "drop": row["drop_sum"] / samples,
        "entropy": row["entropy_sum"] / samples,
        "divergence": row["divergence_sum"] / samples,
        "worst": worst,
    }
    told = {
        "drop": (guess.drop, guess.interval),
        "entropy": (guess.entropy, guess.entropy_interval),
        "divergence": (guess.divergence, guess.divergence_interval),
        "worst": (guess.worst.pruned if guess.worst else np.nan, guess.worst_interval),
    }
    found: dict[str, object] = {"rule": guess.predictor}
    for name, (expected, interval) in told.items():
        found |= {
            name: real[name], f"{name} guess": expected, f"{name} in": _inside(interval, real[name])
        }  # fmt: skip
    return found


def _inside(interval: Interval | None, value: float) -> float:
    return np.nan if interval is None else float(interval.low <= value <= interval.high)


def _figures(own: pd.DataFrame) -> dict[str, float]:
    error = 100 * (own["drop guess"] - own["drop"]).abs()
    return {
        "plans ≤ 5 points": len(own),
        "MAE": round(float(error.mean()), 2),
        "p90": round(float(error.quantile(0.9)), 2),
        "Spearman": round(float(spearmanr(own["drop guess"], own["drop"])[0]), 2),
    }


def _summary(case: Case, frame: pd.DataFrame) -> dict[str, object]:
    own = frame[frame["name"] == IN_FORCE]
    figures, covered = _figures(own), float(own["drop in"].mean())
    met = figures["p90"] <= _GOAL[0] and covered >= _GOAL[1]
    return {
        "case": str(case), "predictor in force": own["rule"].iloc[0], **figures,
        "covered": units.percent(covered, 0), "target met": "yes" if met else "no",
    }  # fmt: skip


def _others(case: Case, frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    """What comes with the drop: cross-entropy and KL in nats, the worst recall in points."""
    own = frame[frame["name"] == IN_FORCE]
    titles = {"entropy": "cross-entropy", "divergence": "KL", "worst": "worst recall"}
    found: dict[str, object] = {"case": str(case)}
    for name, title in titles.items():
        error = (own[f"{name} guess"] - own[name]).abs() * (100 if name == "worst" else 1)
        digits = 1 if name == "worst" else 3
        found |= {
            f"{title}: MAE": round(float(error.mean()), digits),
            f"{title}: p90": round(float(error.quantile(0.9)), digits),
            f"{title}: covered": units.percent(own[f"{name} in"].mean(), 0),
        }
    yield found


def _each(case: Case, frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    for name in PREDICTORS:
        own = frame[frame["name"] == name]
        if len(own):
            yield {"case": str(case), "predictor": name, **_figures(own)}


def _markdown(rows: list[dict[str, object]]) -> str:
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    lines += ["| " + " | ".join(map(str, row.values())) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
