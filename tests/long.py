"""Which cases of a test run every time, and which only among the long ones."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest


def core(
    cases: Iterable[Any], chosen: Collection[str], name: Callable[[Any], str] = str
) -> list[Any]:
    """Return all cases as parameters of a test, those that are not chosen marked ``long``.

    Args:
        cases: What the test is repeated over.
        chosen: The names of those that run every time; each must be the name of a case.
        name: What a case is called, which is its id too.
    """
    named = [(name(case), case) for case in cases]
    absent = {*chosen} - {known for known, _ in named}
    assert not absent, f"no such cases: {sorted(absent)}"
    return [
        pytest.param(case, id=known, marks=() if known in chosen else pytest.mark.long)
        for known, case in named
    ]
