"""Undo and redo."""

from hypothesis import given
from hypothesis import strategies as st

from prunescope.dashboard.shared.history import LONGEST, History


@given(st.lists(st.integers(), max_size=20))
def test_undoing_everything_comes_back_to_the_start_and_redoing_to_the_end(
    values: list[int],
) -> None:
    history = History(-1)
    for value in values:
        history = history.to(value)
    last = history.present
    for _ in values:
        history = history.undone()
    assert history.present == -1
    for _ in values:
        history = history.redone()
    assert history.present == last


def test_a_new_step_forgets_what_was_undone() -> None:
    assert History(1).to(2).undone().to(3).redone().present == 3


def test_no_change_is_no_step() -> None:
    assert History(1).to(1).past == ()


def test_it_does_not_grow_for_ever() -> None:
    history = History(0)
    for value in range(1, 3 * LONGEST):
        history = history.to(value)
    assert len(history.past) == LONGEST
