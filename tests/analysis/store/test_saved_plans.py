"""Plans are kept apart where two people save under one name, and nothing deleted is gone."""

import os
from dataclasses import replace

import pytest

from prunescope.errors import PlanChanged
from prunescope.store.folder import StudyFolder
from prunescope.store.saved_plans import SavedPlans
from prunescope.study.plan import Choice, Plan
from tests.analysis.store.test_folder import manifest

MINE = Plan("half", "f", {"fc": Choice("magnitude", 0.5)})
THEIRS = replace(MINE, choices={"fc": Choice("magnitude", 0.9)})


@pytest.fixture
def plans(tmp_path) -> SavedPlans:
    return StudyFolder.create(tmp_path, manifest()).saved_plans


def test_a_save_over_an_unseen_plan_is_refused(plans):
    plans.save(THEIRS)
    for known in (None, MINE):
        with pytest.raises(PlanChanged, match="'half' to be as you opened it"):
            plans.save_over(MINE, known)
    assert plans.open("half") == THEIRS


def test_a_save_over_what_one_knows_is_done(plans):
    plans.save_over(THEIRS, None)
    plans.save_over(MINE, THEIRS)
    plans.save_over(MINE, None)  # the same again harms nobody
    assert plans.open("half") == MINE


def test_a_damaged_plan_is_not_silently_replaced(plans):
    plans.save(THEIRS).write_text("{")
    with pytest.raises(PlanChanged):
        plans.save_over(MINE, THEIRS)


def test_a_deleted_plan_comes_back(plans):
    plans.save(MINE)
    assert plans.throw_away("half") == "half"
    assert (plans.names(), plans.thrown_away()) == ((), ("half",))
    assert plans.take_back("half") == "half"
    assert plans.open("half") == MINE
    assert plans.take_back("half") is None


def test_neither_trash_nor_return_replaces(plans):
    for plan in (MINE, THEIRS):
        plans.save(plan)
        plans.throw_away("half")
    assert plans.thrown_away() == ("half", "half 2")
    plans.save(MINE)
    assert plans.take_back("half 2") == "half 2"
    assert plans.take_back("half") == "half 3"
    assert plans.open("half 2") == replace(THEIRS, name="half 2")
    assert plans.open("half 3") == replace(MINE, name="half 3")


def test_a_free_name_stays_a_name(plans):
    long = "x" * 80
    plans.save(replace(MINE, name=long))
    assert plans.free_name("half") == "half"
    assert plans.free_name(long) == "x" * 78 + " 2"
    plans.save(replace(MINE, name=plans.free_name(long)))


def test_the_newest_is_the_one_that_was_saved_last(plans):
    assert plans.newest() is None
    for second, name in enumerate(("b", "c", "a")):
        plans.save(replace(MINE, name=name))
        os.utime(plans.folder / f"{name}.json", (second, second))
    assert plans.newest() == "a"
    os.utime(plans.folder / "b.json", (9, 9))
    assert plans.newest() == "b"
    plans.throw_away("b")
    assert plans.newest() == "a"
