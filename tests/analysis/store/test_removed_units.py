"""Which units left, as one text: every index back, and nothing guessed of another text."""

import numpy as np
import pytest

from prunescope.store.removed_units import UNKNOWN, indices, read, written


@pytest.mark.parametrize("units", [1, 7, 8, 9, 1024])
def test_every_index_comes_back(units: int) -> None:
    flags = np.random.default_rng(units).random(units) < 0.4
    flags[-1] = True
    text = written({"conv.1": flags, "other": np.ones(3, bool)})
    found = read(text, "conv.1", units)
    assert found is not None
    assert found.tolist() == flags.tolist()
    assert indices(text) == {"conv.1": np.flatnonzero(flags).tolist(), "other": [0, 1, 2]}
    assert len(text) < units // 4 + 80


@pytest.mark.parametrize("text", [UNKNOWN, "None", "[]", '{"groups": {"a": "zz"}}'])
def test_nothing_is_read_where_nothing_was_written(text: str) -> None:
    assert read(text, "a", 8) is None
    assert indices(text) == {}


def test_a_group_of_another_size_is_not_the_one_that_was_written() -> None:
    text = written({"a": np.arange(12) > 9})
    assert read(text, "a", 10) is None
    assert read(text, "a", 20) is None
    assert read(text, "b", 12) is None
