"""Logits come back as they went in, up to half precision, whatever happens to files between."""

import logging
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax

from prunescope.store import logits as module
from prunescope.store.logit_rows import MOST_SAMPLES, TOP, point_bytes
from prunescope.store.logits import LogitStore
from tests.analysis.store.rows import row

pytestmark = pytest.mark.quick

KEY = row().key
OTHER = row(0.7).key
DENSE = ("f", 2, "", "", "", 0.0, "none", 0)


def random_logits(rows: int, classes: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 4, (rows, classes)).astype(np.float32)


def log_probabilities(values: np.ndarray) -> np.ndarray:
    return log_softmax(values.astype(np.float64), axis=1)


def test_what_goes_in_comes_out_in_half_precision(tmp_path: Path) -> None:
    store, values = LogitStore(tmp_path), random_logits(300, 10)
    assert store.read(KEY) is None
    store.append(KEY, 0, values[:100])
    store.append(KEY, 100, values[100:])
    store.append(DENSE, 0, 2 * values)
    found = store.read(KEY)
    assert found is not None
    assert found.dtype == np.float32
    assert found.shape == (300, 10)
    np.testing.assert_allclose(found, log_probabilities(values), rtol=2**-11, atol=1e-6)
    assert (found.argmax(1) == values.argmax(1)).all()
    dense = store.read(DENSE)
    assert dense is not None
    np.testing.assert_allclose(dense, log_probabilities(2 * values), rtol=2**-11, atol=1e-6)
    assert store.read(OTHER) is None
    assert store.samples() == {KEY: 300, DENSE: 300}


def test_compaction_changes_no_value_and_leaves_one_file(tmp_path: Path) -> None:
    store = LogitStore(tmp_path)
    for start in range(0, 200, 20):
        store.extend(
            [
                (KEY, start, random_logits(20, 5, start)),
                (OTHER, start, random_logits(20, 5, start + 1)),
            ]
        )
    store.write_targets(np.arange(200) % 5)
    before = store.read_many([KEY, OTHER])
    store.compact()
    after = store.read_many([KEY, OTHER])
    assert len(list(tmp_path.glob("*.parquet"))) == 2  # and the targets
    for key, values in before.items():
        np.testing.assert_array_equal(after[key], values)


def test_order_of_appending_and_repetition_do_not_matter(tmp_path: Path) -> None:
    values = random_logits(120, 10)
    runs = [(KEY, 0, values[:40]), (KEY, 40, values[40:80]), (KEY, 80, values[80:])]
    for name, order in (("a", (0, 1, 2)), ("b", (2, 0, 1, 0, 2))):
        for place in order:
            LogitStore(tmp_path / name).extend([runs[place]])
        LogitStore(tmp_path / name).compact()
    a, b = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in "ab")
    assert a == b


def test_what_follows_a_gap_is_left_out(tmp_path: Path) -> None:
    store, values = LogitStore(tmp_path), random_logits(120, 10)
    store.append(KEY, 0, values[:40])
    store.append(KEY, 80, values[80:])
    found = store.read(KEY)
    assert found is not None
    assert len(found) == store.samples()[KEY] == 40
    store.append(KEY, 30, values[30:90])
    assert store.samples()[KEY] == 120
    whole = store.read(KEY)
    assert whole is not None
    np.testing.assert_allclose(whole, log_probabilities(values), rtol=2**-11, atol=1e-6)


def test_many_classes_keep_the_top_the_target_and_the_mass(tmp_path: Path) -> None:
    store, values = LogitStore(tmp_path), random_logits(50, 1000)
    targets = np.argsort(values, axis=1)[:, 3]  # among the least likely
    store.write_targets(targets)
    store.append(KEY, 0, values)
    found, true = store.read(KEY), log_probabilities(values)
    assert found is not None
    np.testing.assert_allclose(np.exp(found).sum(1), 1, atol=2e-3)
    for line, exact, target in zip(found, true, targets, strict=True):
        top = np.argsort(-exact)[:TOP]
        np.testing.assert_allclose(line[top], exact[top], rtol=2**-10, atol=1e-6)
        assert line[target] == pytest.approx(exact[target], rel=2**-10)
        others = np.setdiff1d(np.arange(1000), [*np.argsort(-exact)[: TOP + 1], target])
        assert len(np.unique(line[others])) == 1
    assert (found.argmax(1) == true.argmax(1)).all()


def test_nan_stays_nan_and_extremes_stay_finite(tmp_path: Path) -> None:
    store = LogitStore(tmp_path)
    values = np.array([[np.nan, 1, 2], [1e6, 0, -1e6]], np.float32)
    store.append(KEY, 0, values)
    found = store.read(KEY)
    assert found is not None
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()
    assert found[1].argmax() == 0


def test_a_point_keeps_a_bounded_number_of_samples(tmp_path: Path) -> None:
    store = LogitStore(tmp_path)
    store.append(KEY, 0, random_logits(MOST_SAMPLES - 10, 2))
    store.append(KEY, MOST_SAMPLES - 10, random_logits(100, 2))
    store.append(KEY, MOST_SAMPLES + 90, random_logits(100, 2))
    assert store.samples() == {KEY: MOST_SAMPLES}
    assert store.bytes() < point_bytes(10**6, 2) * 1.2 + 10_000


@pytest.mark.parametrize("classes", [10, 1000])
def test_the_size_stated_is_the_size_taken(tmp_path: Path, classes: int) -> None:
    store = LogitStore(tmp_path)
    store.append(KEY, 0, random_logits(500, classes))
    assert 0.6 < (store.bytes() - 4000) / point_bytes(500, classes) < 1.05


def test_a_damaged_file_is_set_aside_and_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store, values = LogitStore(tmp_path), random_logits(400, 10)
    store.append(KEY, 0, values[:200])
    (first,) = tmp_path.glob("*.parquet")
    store.append(KEY, 200, values[200:])
    (second,) = set(tmp_path.glob("*.parquet")) - {first}
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1  # one bit in the middle of the values
    second.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        found = store.read(KEY)
    assert found is not None
    assert len(found) == 200
    assert "damaged" in caplog.text
    assert [path.name for path in store.damaged()] == [second.name + ".damaged"]
    first.write_bytes(first.read_bytes()[:50])
    assert store.read(KEY) is None


def test_targets_are_written_once_and_read_as_they_are(tmp_path: Path) -> None:
    store = LogitStore(tmp_path)
    assert store.targets() is None
    store.write_targets(np.array([3, 1, 2]))
    store.write_targets(np.array([9, 9, 9]))
    found = store.targets()
    assert found is not None
    np.testing.assert_array_equal(found, [3, 1, 2])


def test_only_small_files_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LogitStore(tmp_path)
    store.append(KEY, 0, random_logits(1000, 10))
    (big,) = tmp_path.glob("*.parquet")
    monkeypatch.setattr(module, "_SMALL", big.stat().st_size)
    store.append(OTHER, 0, random_logits(10, 10))
    store.append(OTHER, 10, random_logits(10, 10))
    store.compact()
    assert big in set(tmp_path.glob("*.parquet"))
    assert len(list(tmp_path.glob("*.parquet"))) == 2


def test_the_predicted_class_survives_near_ties(tmp_path: Path) -> None:
    store = LogitStore(tmp_path)
    values = np.tile(np.array([[1.0, 1.0, 0.0]], np.float32), (200, 1))
    values[:100, 1] += 1e-5
    store.append(KEY, 0, values)
    found = store.read(KEY)
    assert found is not None
    assert (found.argmax(1) == values.argmax(1)).all()
    assert abs(found - log_probabilities(values)).max() < 1e-3
