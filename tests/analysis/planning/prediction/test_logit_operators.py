"""Measured points come back exactly, partial ones are completed, a store is a source."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prunescope.curves.curve import CurveKey
from prunescope.planning.prediction.logit_coordinates import LIKELY, Coordinates, log_softmax
from prunescope.planning.prediction.logit_operators import LogitOperators
from prunescope.planning.prediction.logit_source import LogitsInMemory
from prunescope.store.logits import LogitStore
from prunescope.study.point import DENSE as DENSE_SUBJECT
from prunescope.study.point import Key
from tests.analysis.planning.prediction.invented_study import (
    METHOD,
    InventedStudy,
    centred,
    random_logits,
)

DENSE, TARGETS = random_logits(3)
MADE = np.random.default_rng(4)
NOISY = 0.8 * DENSE + centred(MADE.normal(size=DENSE.shape)) * 0.5
WORSE = 0.5 * DENSE + centred(MADE.normal(size=DENSE.shape))
STUDY = InventedStudy(DENSE, TARGETS, {("a", 0.5): NOISY, ("a", 0.9): WORSE})
CURVE = STUDY.curves[CurveKey("a", METHOD)]


def rows(logit_operators: LogitOperators, sparsity: float) -> np.ndarray:
    (found,) = logit_operators.operators([(CURVE, sparsity)])
    dense = logit_operators.dense("none")
    assert found is not None
    assert dense is not None
    made: np.ndarray = dense.reference.rows @ found.matrix + found.shift + found.noise
    return made


def test_a_measured_point_comes_back_exactly() -> None:
    logit_operators = LogitOperators(STUDY.manifest, STUDY.source)
    np.testing.assert_allclose(rows(logit_operators, 0.5), NOISY, atol=1e-4)
    np.testing.assert_allclose(rows(logit_operators, 0.9), WORSE, atol=1e-4)
    np.testing.assert_allclose(rows(logit_operators, 0.95), WORSE, atol=1e-4)  # held past the end


def test_between_points_the_operator_is_between() -> None:
    logit_operators = LogitOperators(STUDY.manifest, STUDY.source)
    scales = [logit_operators.operators([(CURVE, s)])[0].scale for s in (0.25, 0.5, 0.7, 0.9)]  # type: ignore[union-attr]
    assert scales == sorted(scales, reverse=True)
    assert scales[0] == pytest.approx((1 + scales[1]) / 2, abs=1e-5)
    assert scales[2] == pytest.approx((scales[1] + scales[3]) / 2, abs=1e-5)


def test_without_logits_there_is_no_operator() -> None:
    bare = LogitOperators(STUDY.manifest, LogitsInMemory({}, TARGETS))
    assert bare.dense("none") is None
    assert bare.operators([(CURVE, 0.5)]) == [None]
    assert LogitOperators(STUDY.manifest, STUDY.source).dense("bn") is None


def test_a_store_is_a_source_in_half_precision(tmp_path: Path) -> None:
    store = LogitStore(tmp_path / "logits")
    store.write_targets(TARGETS)
    for key, values in STUDY.source.rows.items():
        store.append(key, 0, values.astype(np.float32))
    np.testing.assert_allclose(rows(LogitOperators(STUDY.manifest, store), 0.5), NOISY, atol=0.02)


def test_unseen_samples_borrow_from_their_like() -> None:
    """Of a point with noise in one class only, the unseen of that class alone are noisy."""
    winner = DENSE.argmax(axis=1)
    loud = np.where((winner == 1)[:, None], centred(MADE.normal(size=DENSE.shape)), 0.0)
    short = {key: (DENSE + loud)[:300] for key in STUDY.source.rows if key[2] == "a"}
    source = LogitsInMemory({**STUDY.source.rows, **short}, TARGETS)
    found = rows(LogitOperators(STUDY.manifest, source), 0.5)
    np.testing.assert_allclose(found[:300], (DENSE + loud)[:300], atol=1e-3)
    error = np.abs(found - DENSE).max(axis=1)[300:]
    assert error[winner[300:] == 1].mean() > 4 * error[winner[300:] != 1].mean()


def test_only_so_much_is_kept_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prunescope.planning.prediction.logit_operators._BYTES", 1)
    logit_operators = LogitOperators(STUDY.manifest, STUDY.source)
    for _ in range(2):
        np.testing.assert_allclose(rows(logit_operators, 0.7), rows(logit_operators, 0.7))
    assert len(logit_operators._cache) == 1


def test_what_the_kept_samples_miss_of_the_drop_is_known() -> None:
    curve = replace(CURVE, points=tuple(
        replace(p, interval=replace(p.interval, mean=p.drop + 0.01)) for p in CURVE.points
    ))  # fmt: skip
    (found,) = LogitOperators(STUDY.manifest, STUDY.source).operators([(curve, 0.5)])
    assert found is not None
    assert found.excess == pytest.approx(0.01)


def test_many_classes_keep_the_likely_ones_and_the_rest_in_sum() -> None:
    logits = MADE.normal(size=(40, 300)) * 3
    targets = MADE.integers(0, 300, 40)
    found = Coordinates.of(logits, targets)
    kept = found(logits)
    assert kept.shape == (40, LIKELY + 1)
    whole = log_softmax(logits)
    own = np.arange(40)
    np.testing.assert_allclose(log_softmax(kept)[own, found.target], whole[own, targets], atol=1e-4)
    np.testing.assert_allclose(np.exp(log_softmax(kept)).sum(axis=1), 1, atol=1e-4)
    assert found.picked is not None
    best = found.picked[own, kept[:, :-1].argmax(axis=1)]
    np.testing.assert_array_equal(best, logits.argmax(axis=1))


class Counting:
    """A source that tells which points were read."""

    def __init__(self, source: LogitsInMemory) -> None:
        self.source, self.read = source, list[str | int | float]()

    def read_many(self, keys: Iterable[Key]) -> dict[Key, np.ndarray]:
        wanted = list(keys)
        self.read += [key[5] for key in wanted if key[2] != DENSE_SUBJECT]
        return self.source.read_many(wanted)

    def targets(self) -> np.ndarray | None:
        return self.source.targets()


def test_new_cells_take_over_what_did_not_change() -> None:
    first = LogitOperators(STUDY.manifest, STUDY.source)
    expected = [rows(first, s) for s in (0.5, 0.7)]
    source = Counting(STUDY.source)
    later = LogitOperators(STUDY.manifest, source, first)
    for before, sparsity in zip(expected, (0.5, 0.7), strict=True):
        np.testing.assert_array_equal(rows(later, sparsity), before)
    assert source.read == []


def test_a_point_that_has_seen_more_samples_is_made_anew() -> None:
    (key,) = (key for key in STUDY.source.rows if key[2] == "a" and key[5] == 0.5)
    short = LogitsInMemory({**STUDY.source.rows, key: NOISY[:300]}, TARGETS)
    early = replace(CURVE, points=(STUDY.point(0.5, NOISY[:300]), CURVE.points[1]))
    first = LogitOperators(STUDY.manifest, short)
    first.operators([(early, 0.5), (early, 0.7), (early, 0.9)])
    source = Counting(STUDY.source)
    later = LogitOperators(STUDY.manifest, source, first)
    np.testing.assert_allclose(rows(later, 0.5), NOISY, atol=1e-4)
    assert source.read == [0.5]
    fresh = LogitOperators(STUDY.manifest, STUDY.source)
    np.testing.assert_array_equal(rows(later, 0.7), rows(fresh, 0.7))


def test_nothing_is_taken_over_when_the_dense_logits_have_grown() -> None:
    (key,) = (key for key in STUDY.source.rows if key[2] == DENSE_SUBJECT)
    first = LogitOperators(
        STUDY.manifest, LogitsInMemory({**STUDY.source.rows, key: DENSE[:300]}, TARGETS)
    )
    rows(first, 0.5)
    source = Counting(STUDY.source)
    np.testing.assert_allclose(
        rows(LogitOperators(STUDY.manifest, source, first), 0.5), NOISY, atol=1e-4
    )
    assert source.read == [0.5]
