"""What may follow a reference to data, and how one set is cut in three."""

import numpy as np
import pytest

from prunescope.data_kinds.cut_rows import cut_rows
from prunescope.data_kinds.options import COUNTS, Options, read_options
from prunescope.errors import BadValue, UnknownName

CUT = {**COUNTS, "seed": 0, "stratified": ""}


@pytest.mark.parametrize("query", ["size=0", "size=-1", "size=x", "size=", "size=9999999999999"])
def test_a_number_that_is_none_is_refused(query: str) -> None:
    with pytest.raises(BadValue, match="Expected size to be a whole number of at least 1"):
        read_options("mine", "mine:DIR", query, {"size": 224})


def test_an_unknown_option_names_the_closest() -> None:
    with pytest.raises(UnknownName, match="Closest: size"):
        read_options("mine", "mine:DIR", "sise=3", {"size": 224, "root": ""})


def test_numbers_with_commas() -> None:
    options = Options({"mean": "0.5,0.25"})
    assert options.numbers("mean") == (0.5, 0.25)
    with pytest.raises(BadValue, match="mean=0.5,0.5,0.5"):
        Options({"mean": "a"}).numbers("mean")


def test_splits_are_disjoint_and_as_large_as_asked_for() -> None:
    options = Options({**CUT, "calibration": 10, "validation": 20, "test": 5})
    rows = cut_rows(np.zeros(50), options)
    assert {part: len(chosen) for part, chosen in rows.items()} == {
        "calibration": 10, "validation": 20, "test": 5,
    }  # fmt: skip
    assert len({int(row) for chosen in rows.values() for row in chosen}) == 35


def test_another_seed_is_another_cut() -> None:
    first, second = (
        cut_rows(np.zeros(9000), Options({**CUT, "seed": seed}))["validation"] for seed in (0, 1)
    )
    assert set(first) != set(second)


def test_what_was_typed_comes_first_where_there_is_too_little() -> None:
    options = Options({**CUT, "validation": 30}, frozenset({"validation"}))
    sizes = {part: len(rows) for part, rows in cut_rows(np.zeros(60), options).items()}
    assert sizes == {"calibration": 10, "validation": 30, "test": 20}


def test_stratified_splits_hold_every_class_by_its_share() -> None:
    labels = np.repeat([0, 1, 2], [80, 15, 5])
    sizes = {"calibration": 20, "validation": 60, "test": 20}
    rows = cut_rows(labels, Options({**CUT, **sizes, "stratified": "yes"}))
    for part, size in sizes.items():
        counts = np.bincount(labels[rows[part]], minlength=3)
        assert counts == pytest.approx(size * np.array([0.8, 0.15, 0.05]), abs=1)
    with pytest.raises(BadValue, match="stratified to be yes or no"):
        cut_rows(labels, Options({**CUT, "stratified": "maybe"}))
