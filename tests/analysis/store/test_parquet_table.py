"""Tables: nothing lost, nothing double, the same rows make the same bytes."""

import itertools
import logging
import math
import os
import threading
import time

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from prunescope.errors import StorageFailure
from prunescope.store.parquet_table import rows_of
from prunescope.store.table_file import read_once
from tests.analysis.store.rows import files, row, table

pytestmark = pytest.mark.quick


def test_rows_come_back_as_they_went(tmp_path):
    made = table(tmp_path)
    rows = [row(0.1, class_correct=()), row(0.2, entropy_sum=math.nan), row(0.3)]
    made.append(rows)
    back = rows_of(made, made.read())
    assert [str(each) for each in back] == [str(each) for each in rows]


def test_an_empty_table_has_its_columns(tmp_path):
    frame = table(tmp_path / "none").read()
    assert len(frame) == 0
    assert {"fingerprint", "sparsity", "class_correct"} <= set(frame.columns)
    assert table(tmp_path / "none").damaged() == []


def test_the_files_of_a_long_sweep_are_read_once(tmp_path):
    made = table(tmp_path)
    for sparsity in range(1, 300):
        made.append([row(sparsity / 1000)])
    assert len(made.read()) == 299
    before = read_once.cache_info().misses
    assert len(made.read()) == 299
    assert read_once.cache_info().misses == before


def test_appending_nothing_writes_nothing(tmp_path):
    table(tmp_path / "t").append([])
    assert not (tmp_path / "t").exists()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(4)), compactions=st.sets(st.integers(0, 3)))
def test_compacted_bytes_depend_on_the_rows_alone(tmp_path_factory, order, compactions):
    rows = [row(s) for s in (0.1, 0.2, 0.3, 0.4)]
    plain = table(tmp_path_factory.mktemp("plain"))
    plain.append(rows)
    plain.compact()
    other = table(tmp_path_factory.mktemp("other"))
    for place, index in enumerate(order):
        other.append([rows[index]])
        if place in compactions:
            other.compact()
    other.compact()
    assert files(plain.folder) == files(other.folder)
    assert len(files(plain.folder)) == 1


def test_compacting_again_changes_nothing(tmp_path):
    made = table(tmp_path)
    made.append([row(0.1)])
    made.append([row(0.2)])
    made.compact()
    before = files(tmp_path)
    made.compact()
    assert files(tmp_path) == before


def test_the_row_with_more_samples_counts(tmp_path):
    made = table(tmp_path)
    made.append([row(samples=100, score_sum=90.0)])
    made.append([row(samples=50, score_sum=40.0)])
    assert made.read()["samples"].tolist() == [100]
    made.compact()
    assert made.read()["score_sum"].tolist() == [90.0]


def test_one_sparsity_is_one_key(tmp_path):
    """Raw float cache keys (PaddleSlim)."""
    from prunescope.study import sparsity

    made = table(tmp_path)
    made.append([row(sparsity(0.1 * 3))])
    made.append([row(sparsity("0.3"))])
    assert len(made.read()) == 1


@pytest.mark.parametrize("where", ["head", "middle", "tail", "short", "empty", "text"])
def test_a_damaged_file_is_set_aside_and_the_others_are_kept(tmp_path, where, caplog):
    made = table(tmp_path)
    made.append([row(0.1)])
    made.append([row(0.2)])
    path = next(
        p for p in tmp_path.glob("*.parquet")
        if made._read(p).column("sparsity").to_pylist() == [0.1]
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    if where in ("head", "middle", "tail"):
        content[{"head": 1, "middle": len(content) // 4, "tail": -2}[where]] ^= 0xFF
    broken = {"short": content[:100], "empty": b"", "text": b"hello"}.get(where, content)
    path.write_bytes(broken)
    with caplog.at_level(logging.WARNING):
        assert made.read()["sparsity"].tolist() == [0.2]
    assert [each.name for each in made.damaged()] == [path.name + ".damaged"]
    assert f"set aside as {path.name}.damaged" in caplog.text
    assert made.damaged()[0].read_bytes() == bytes(broken)
    made.append([row(0.1)])
    assert made.read()["sparsity"].tolist() == [0.1, 0.2]


def test_any_flipped_byte_is_noticed(tmp_path):
    """Parquet alone would let a flipped byte in a page pass as another number."""
    made = table(tmp_path)
    made.append([row(0.1)])
    (path,) = tmp_path.glob("*.parquet")
    content = path.read_bytes()
    for place in range(0, len(content), 97):
        flipped = bytearray(content)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        assert len(made.read()) == 0, place
        path.write_bytes(content)
    assert len(made.read()) == 1


def test_damaged_names_that_are_taken_are_numbered(tmp_path):
    made = table(tmp_path)
    for _ in range(3):
        made.append([row(0.1)])
        (path,) = tmp_path.glob("*.parquet")
        path.write_bytes(b"x")
        made.read()
    assert [each.suffix for each in made.damaged()] == [".damaged", ".damaged1", ".damaged2"]


def test_a_disk_that_cannot_read_does_not_condemn_the_file(tmp_path, monkeypatch):
    made = table(tmp_path)
    made.append([row(0.1)])

    def fail(self):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_bytes", fail)
        with pytest.raises(StorageFailure, match="Input/output error"):
            made.read()
    assert made.damaged() == []
    assert len(made.read()) == 1


def test_writers_and_compactions_at_once_lose_nothing(tmp_path):
    made = table(tmp_path)
    problems = []

    def write(worker):
        try:
            for step in range(8):
                made.append([row(round(0.01 * step, 4), seed=worker)])
                if step % 3 == worker:
                    made.compact()
                seen = made.read()
                assert (seen["seed"] == worker).sum() == step + 1
        except Exception as error:
            problems.append(error)

    workers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert problems == []
    assert len(made.read()) == 24
    assert made.damaged() == []


def test_temporary_files_of_killed_writers_are_removed_once_old(tmp_path):
    made = table(tmp_path)
    made.append([row(0.1)])
    young, old = tmp_path / ".a.parquet.1234.tmp", tmp_path / ".b.parquet.1234.tmp"
    for each in (young, old):
        each.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    assert len(made.read()) == 1
    made.compact()
    assert young.exists()
    assert not old.exists()


def test_two_compactions_of_the_same_rows_agree(tmp_path):
    made = table(tmp_path)
    for sparsity, seed in itertools.product((0.1, 0.2), (0, 1)):
        made.append([row(sparsity, seed=seed)])
    workers = [threading.Thread(target=made.compact) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    made.compact()
    assert len(made.read()) == 4
    assert len(files(tmp_path)) == 1
