"""Where a replay's time went: shares of all that lanes counted."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from prunescope.replay import FrontierEngine
from prunescope.replay.naive import NaiveEngine
from prunescope.replay.time_spent import MAKING, SCORING, TimeSpent
from prunescope.study import Method
from prunescope.study.point import Point


def test_shares_add_up_and_the_largest_come_first():
    spent = TimeSpent()
    for place, name in enumerate("abcdef", 1):
        spent.add_one(name, float(place))
    spent.add({"f": 9.0})
    shares = spent.shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert list(shares) == ["f", "e", "d", "c", "b", "a"]
    assert shares["f"] == 15 / 30
    assert spent.line() == "f 50 %, e 17 %, d 13 %, c 10 %, the rest 10 %"


def test_lanes_add_at_the_same_time_and_nothing_is_lost():
    spent = TimeSpent()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: [spent.add_one("a", 1.0) for _ in range(500)], range(4)))
    spent.add_one("b", 2000.0)
    assert spent.shares() == {"a": 0.5, "b": 0.5}


def test_nothing_done_is_nothing_said(tiny_bench):
    assert (TimeSpent().shares(), TimeSpent().line()) == ({}, "")
    assert FrontierEngine(tiny_bench).spent == NaiveEngine(tiny_bench).spent == ""


def test_a_replay_says_what_its_time_went_on(tiny_bench):
    engine = FrontierEngine(tiny_bench, lanes=1)
    list(engine.outcomes(0, 60, [Point("mix", Method("magnitude"), 0.5)]))
    counted = engine._parts.spent.shares()
    assert {"conv2d", "linear", MAKING, SCORING} <= set(counted)
    assert next(iter(counted)) in engine.spent
