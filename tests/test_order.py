"""Several processes begin with the long tests, and none is lost; what is not chosen is long."""

from types import SimpleNamespace

import pytest

from tests.long import core
from tests.order import FIRST, long_first


def item(name: str) -> pytest.Item:
    return SimpleNamespace(nodeid=f"{name}::test")  # type: ignore[return-value]


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
@pytest.mark.parametrize("short", [0, 5, 200])
def test_every_test_is_there_once_and_each_part_begins_with_long_ones(
    processes: int, short: int
) -> None:
    items = [item(f"tests/analysis/a{place}") for place in range(short)]
    items += [item(f"{name}{place}") for name in FIRST for place in range(2)]
    ordered = long_first(items, processes)
    assert sorted(one.nodeid for one in ordered) == sorted(one.nodeid for one in items)
    if short == 200:
        begins, left = 0, len(items)
        for place in range(processes):
            assert ordered[begins].nodeid.startswith(FIRST)
            begins, left = begins + left // (processes - place), left - left // (processes - place)


def test_groups_stay_together() -> None:
    items = [item(f"{name}{place}") for place in range(4) for name in FIRST]
    ordered = [one.nodeid for one in long_first(items, 3)]
    assert [name.partition("browser/")[2][:1] for name in ordered[:4]] == ["0", "1", "2", "3"]


def test_what_is_not_chosen_is_long() -> None:
    cases = core(("a", "b"), {"b"})
    assert [(case.id, [mark.name for mark in case.marks]) for case in cases] == [
        ("a", ["long"]), ("b", []),
    ]  # fmt: skip
    with pytest.raises(AssertionError, match=r"no such cases: \['c'\]"):
        core(("a", "b"), {"c"})
