"""The policy stops what is settled, and nothing else."""

import math

import pytest

from prunescope.errors import BadValue, UnknownName
from prunescope.store.measurements import Measurement
from prunescope.study import Method
from prunescope.study.point import Point
from prunescope.sweep.stopping_policy import Policy
from tests.analysis.store.rows import row

POPULATION = 6000


def point(sparsity: float, subject: str = "fc") -> Point:
    return Point(subject, Method("magnitude"), sparsity)


def seen(samples: int, drop: float, changed: float) -> Measurement:
    return row(
        samples=samples, population=POPULATION, drop_sum=round(drop * samples),
        drop_squares=round(changed * samples),
    )  # fmt: skip


def test_no_sample_no_answer() -> None:
    wanted = [point(0.1), point(0.2)]
    for mode in ("exact", "adaptive", "decide"):
        assert Policy(mode).unsettled(wanted, {}, POPULATION) == wanted
    assert Policy().unsettled([], {}, POPULATION) == []


def test_a_narrow_or_relatively_narrow_band_settles() -> None:
    narrow, wide, large = point(0.1), point(0.2), point(0.9)
    known = {
        narrow: seen(4096, 0.0, 0.001), wide: seen(64, 0.01, 0.05), large: seen(1024, 0.6, 0.6),
    }  # fmt: skip
    assert Policy("adaptive").unsettled([narrow, wide, large], known, POPULATION) == [wide]
    strict = Policy("adaptive", tolerance=1e-6)
    assert narrow in strict.unsettled([narrow], known, POPULATION)


def test_all_samples_settle_whatever_is_asked() -> None:
    known = {point(0.5): seen(POPULATION, 0.02, 0.1)}
    policy = Policy("decide", limit=0.02)
    assert policy.unsettled([point(0.5)], known, POPULATION) == []


def test_a_decided_point_and_what_lies_past_it_are_settled() -> None:
    below, open_, above, beyond = (point(s) for s in (0.1, 0.3, 0.5, 0.9))
    other = point(0.9, "other")
    wanted = [below, open_, above, beyond, other]
    known = {
        below: seen(2048, 0.0, 0.002), open_: seen(256, 0.02, 0.05), above: seen(256, 0.3, 0.3),
    }  # fmt: skip
    policy = Policy("decide", limit=0.02)
    assert policy.unsettled(wanted, known, POPULATION) == [other, open_]
    every = Policy("decide", limit=0.02, monotone=False)
    assert every.unsettled(wanted, known, POPULATION) == [beyond, other, open_]


def test_the_next_chunk_goes_where_the_band_touches_the_limit_and_is_wide() -> None:
    settled_side, touching, wider = (point(s, str(s)) for s in (0.1, 0.2, 0.3))
    known = {
        settled_side: seen(256, 0.4, 0.6), touching: seen(256, 0.02, 0.03),
        wider: seen(256, 0.02, 0.2),
    }  # fmt: skip
    policy = Policy("adaptive", tolerance=0.001, limit=0.02)
    assert policy.unsettled([settled_side, touching, wider], known, POPULATION) == [wider, touching]


def test_a_family_needs_more_samples() -> None:
    wanted = [point(round(0.001 * i, 4)) for i in range(1, 200)]
    known = dict.fromkeys(wanted, seen(4096, 0.01, 0.02))
    assert Policy("adaptive").unsettled(wanted, known, POPULATION) == []
    together = Policy("adaptive", familywise=True)
    assert together.unsettled(wanted, known, POPULATION) == wanted


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"mode": "quick"}, UnknownName, "mode"),
        ({"tolerance": math.nan}, BadValue, "Write 0.01 for one point"),
        ({"mode": "decide", "limit": -1}, BadValue, "limit"),
    ],
)
def test_nonsense_is_refused(changes: dict, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        Policy(**changes)
