"""Logits and labels that no sweep wrote are set aside; what is whole is still read."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prunescope.store.logit_rows import pack
from prunescope.store.logits import LogitStore
from tests.analysis.store.rows import row

KEY, OTHER = row().key, row(0.7).key
VALUES = np.random.default_rng(0).normal(size=(20, 5)).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rows": 40}, "its bytes are not those of 40 samples of 5 classes"),
        ({"classes": 6}, "its bytes are not those of 20 samples of 6 classes"),
        ({"rows": -1}, "claims the samples 0 to -1"),
        ({"start": 1 << 40}, "claims the samples"),
        ({"classes": 1 << 40}, "claims 20 samples of"),
        ({"values": b""}, "its bytes are not those"),
        ({"places": b"xx"}, "its bytes are not those"),
    ],
)
def test_a_row_that_lies_is_set_aside_and_the_others_stay(tmp_path, caplog, change, reason):
    store = LogitStore(tmp_path)
    store.append(OTHER, 0, VALUES)
    schema = pq.read_schema(next(tmp_path.glob("*.parquet")))
    forged = pa.Table.from_pylist([pack(KEY, 0, VALUES, None) | change], schema=schema)
    pq.write_table(forged, tmp_path / "forged.parquet")
    with caplog.at_level(logging.WARNING):
        found = store.read_many([KEY, OTHER])
    assert list(found) == [OTHER]
    assert reason in caplog.text
    assert [path.name for path in store.damaged()] == ["forged.parquet.damaged"]


def test_classes_past_the_last_one_are_set_aside(tmp_path):
    store, many = LogitStore(tmp_path), np.random.default_rng(0).normal(size=(3, 100))
    store.append(OTHER, 0, many)
    schema = pq.read_schema(next(tmp_path.glob("*.parquet")))
    whole = pack(KEY, 0, many, None)
    whole["places"] = np.full(len(whole["places"]) // 2, 100, "<u2").tobytes()
    pq.write_table(pa.Table.from_pylist([whole], schema=schema), tmp_path / "forged.parquet")
    assert list(store.read_many([KEY, OTHER])) == [OTHER]


def test_runs_of_another_number_of_classes_are_left_out(tmp_path):
    store = LogitStore(tmp_path)
    store.append(KEY, 0, VALUES)
    store.append(KEY, 20, np.ones((5, 9)))
    found = store.read(KEY)
    assert found is not None
    assert found.shape == (20, 5)


@pytest.mark.parametrize("labels", [[1 << 40], ["a"], [None], [[1]], [1.5]])
def test_labels_that_are_none_are_set_aside(tmp_path, labels):
    store = LogitStore(tmp_path)
    pq.write_table(pa.table({"target": labels}), tmp_path / "targets.parquet")
    assert store.targets() is None
    assert [path.name for path in store.damaged()] == ["targets.parquet.damaged"]
    store.write_targets(np.array([0, 1]))
    assert store.targets().tolist() == [0, 1]
