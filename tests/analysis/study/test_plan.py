"""A choice is what will be removed: a plan's file may have been written by hand."""

from dataclasses import replace

import pytest

from prunescope.errors import PrunescopeError
from prunescope.store.json_documents import from_json, to_json
from prunescope.study.plan import Choice, Plan

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(("pattern", "own"), [("2:4", 0.5), ("4:8", 0.5), ("1:4", 0.75)])
def test_a_pattern_has_one_sparsity(pattern: str, own: float) -> None:
    text = to_json(Plan("p", "f", {"a": Choice("magnitude", 0.3)}))
    written = text.replace('"weight"', f'"{pattern}"')
    read = from_json(Plan, written, "a plan")
    assert read.choices["a"] == Choice("magnitude", own, pattern)
    assert Choice("magnitude", 0.0, pattern).sparsity == 0


@pytest.mark.parametrize("granularity", ["3:2", "4:4", "0:4", "foo", "2:x", "2:4:8", ""])
def test_what_no_method_prunes_by_is_refused(granularity: str) -> None:
    with pytest.raises(PrunescopeError, match="Expected"):
        Choice("magnitude", 0.5, granularity)


def test_an_edit_unmakes_a_solved_plan_and_undoing_it_makes_it_again() -> None:
    plan = Plan("p", "f", {"a": Choice("magnitude", 0.5)})
    solved = plan.as_solved()
    assert (plan.solved, solved.solved) == (False, True)
    assert solved.digest == plan.digest
    locked = solved.setting({"a": Choice("magnitude", 0.5, locked=True)})
    edited = solved.setting({"a": Choice("magnitude", 0.6)})
    assert (locked.solved, edited.solved, replace(solved, recovery="ls").solved) == (
        True, False, False,
    )  # fmt: skip
    assert edited.setting({"a": Choice("magnitude", 0.5)}).solved
