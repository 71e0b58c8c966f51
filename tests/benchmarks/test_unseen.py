"""The judge of predictions: networks come from the seed alone, labels from the tiles, and the
constants in force from the errors that the repository keeps."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import unseen
from benchmarks._unseen_fit import fitted, fitted_solved, picked_factor
from benchmarks._unseen_networks import KINDS, compose, data_of, draw
from prunescope.planning.prediction import prior_interval

ERRORS = Path(unseen.__file__).with_name("unseen_errors.csv")
SOLVED = ERRORS.with_name("unseen_solved.csv")


def test_a_seed_makes_the_same_networks_and_a_shorter_list_is_its_beginning() -> None:
    twenty = draw(7, 20)
    assert draw(7, 5) == twenty[:5]
    assert {drawn.kind for drawn in twenty} == set(KINDS)
    assert {drawn.classes for drawn in twenty} == {3, 10, 100, 1000}
    assert {drawn.samples for drawn in twenty} == {64, 250, 1000, 3000, 6000}
    assert [d.kind for d in draw(8, 20)] != [d.kind for d in twenty]


def test_labels_count_through_the_tiles() -> None:
    tiles = np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1), np.arange(4)
    images, labels = compose(tiles, 1000, 50, np.random.default_rng(0))
    assert images.shape == (50, 1, 1, 3)
    np.testing.assert_array_equal(labels, images[:, 0, 0] @ [100, 10, 1])
    _, thirds = compose(tiles, 3, 50, np.random.default_rng(0))
    assert set(thirds) == {0, 1, 2}


def test_validation_images_are_not_those_trained_on() -> None:
    digits = next(d for d in draw(7, 20) if d.source == "digits" and d.classes < 100)
    data = data_of(digits)
    seen, unseen_images = (
        {image.tobytes() for image in data[name][0]} for name in ("calibration", "validation")
    )
    assert not seen & unseen_images


def test_the_fit_finds_what_errors_were_made_of() -> None:
    made = np.random.default_rng(0)
    rows = []
    for number in range(60):
        spread = 0.3 * np.sqrt(5 / made.chisquare(5))
        samples = int(made.choice([64, 1000, 6000]))
        predicted = made.uniform(0, 0.1, 15) * made.choice([0.001, 1], 15)
        changing = predicted + made.choice([0.0, 0.3], 15)
        scale = spread * (predicted + (0.1 + 0.5 * np.sqrt(changing)) / np.sqrt(samples))
        errors = scale * made.normal(size=15)
        rows += [
            {"network": number, "recovery": "none", "samples": samples, "changing": c,
             "predicted": p, "measured": p - e}
            for c, p, e in zip(changing, predicted, errors, strict=True)
        ]  # fmt: skip
    said = fitted(pd.DataFrame(rows))
    found = dict(line.split(" = ") for line in said.splitlines() if " = " in line)
    wanted = {"STILL": 0.1, "CHANGING": 0.5, "SPREAD": 0.3, "WORTH": 5}
    for name, value in wanted.items():
        assert 0.5 * value < float(found[name]) < 2 * value, name


def test_the_constants_in_force_fit_the_errors_that_are_kept() -> None:
    errors = pd.read_csv(ERRORS)
    assert errors["network"].nunique() == prior_interval.NETWORKS
    best, own = (float(part.split()[-1]) for part in _last(fitted(errors)))
    assert best - own < 0.5


def test_solved_plans_of_networks_that_were_left_out_are_covered() -> None:
    """They were the luckiest predictions: with the interval of random plans 92 % were."""
    errors = pd.read_csv(SOLVED)
    assert errors["network"].nunique() == prior_interval.PICKED_NETWORKS
    said = fitted_solved(errors)
    assert f"PICKED = {prior_interval.PICKED:g} (in force" in said
    without, _, left_out = (float(part.split()[-1]) for part in said.splitlines()[-1].split(","))
    assert without < 0.93
    assert left_out >= 0.95


def test_a_factor_of_solved_plans_is_asked_for_only_where_they_disappoint() -> None:
    lucky = np.array([-0.5, 0.0, 0.5] * 20)
    assert picked_factor(lucky) == 1
    assert picked_factor(np.append(lucky, 2.15)) == 2.2


def _last(said: str) -> tuple[str, str]:
    best, own = said.splitlines()[-1].split(",")
    return best, own


def test_a_bias_that_the_choice_by_real_drops_makes_is_none_of_those_predicted() -> None:
    """One plan lost less than predicted, one more; by real drops only the first is judged."""
    frame = pd.DataFrame({"real": [0.04, 0.06], "before": [0.06, 0.04], "after": [0.04, 0.04]})
    said = unseen.by_prediction(frame)
    assert "before the nine -2.00 (1 plan), after the nine -1.00 (2 plans)" in said


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_table_judges_real_drops_up_to_five_points(when: str) -> None:
    frame = pd.DataFrame(
        {
            "network": ["a", "a", "b"], "real": [0.01, 0.04, 0.2], when: [0.02, 0.05, 0.9],
            f"{when} low": [0.0, 0.035, 0.8], f"{when} high": [0.04, 0.045, 1.0],
            "noise": [0.01, 0.02, 0.9],
        }
    )  # fmt: skip
    said = unseen.figures(frame, when)
    assert (said["networks"], said["plans ≤ 5 points"], said["all plans"]) == (2, 2, 3)
    assert (said["bias"], said["mean error"], said["covered"]) == ("+1.00", "1.00", "100 %")
    assert said["all covered"] == "67 %"
    assert said["median half-width"] == "1.25"
    assert said["sampling noise"] == "1.50"


def test_sampling_noise_is_that_of_the_paired_drops() -> None:
    drops = np.array([1.0] * 6 + [-1.0] * 4 + [0.0] * 90)
    made = np.random.default_rng(0)
    means = [made.choice(drops, 100).mean() for _ in range(4000)]
    said = unseen.sampling_noise(100, float(drops.sum()), float((drops**2).sum()))
    assert said == pytest.approx(np.quantile(np.abs(np.array(means) - 0.02), 0.9), rel=0.1)
