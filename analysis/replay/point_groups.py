"""Points of a round in groups, each of which walks over all of its samples by itself. Torch-free.

Where memory cannot hold the frontier of all samples of a round, the walk takes them part by part,
and no point of it is finished before the last part. In groups some are finished early: they are
stored, counted, and left to other sweeps. Each further walk computes the dense network again up to
where it goes on.
"""

from collections.abc import Iterable
from typing import Final, Generic, NamedTuple, TypeVar

from prunescope.study.recoveries import WALKED_AGAIN

Subject = TypeVar("Subject")

FEWEST: Final = 8
"""Points of a group, as each walk reads the samples and computes what costs no products."""


class Step(NamedTuple, Generic[Subject]):
    """A point of a walk.

    Attributes:
        point: Whatever stands for it.
        behind: Multiply-accumulates of one sample that it runs by itself.
        front: Those of the dense network up to where it begins.
    """

    point: Subject
    behind: int
    front: int


def point_groups(
    steps: Iterable[Step[Subject]], least: int, most: int
) -> list[tuple[Subject, ...]]:
    """Return the points in groups, in their order.

    A group ends as soon as its points take ``WALKED_AGAIN`` times what the next walk computes
    again, so that all walks together execute at most that share more than one.

    Args:
        steps: In the order of the walk.
        least: Points of a group, but for the last one.
        most: Points of a group for which there is memory; from here on it ends in any case.

    >>> steps = [Step(name, 40, front) for name, front in zip("abcdef", (0, 1, 2, 3, 4, 5))]
    >>> point_groups(steps, 1, 9)
    [('a',), ('b',), ('c', 'd', 'e', 'f')]
    >>> point_groups(steps, 4, 9), point_groups(steps, 4, 1)
    ([('a', 'b', 'c', 'd'), ('e', 'f')], [('a',), ('b',), ('c',), ('d',), ('e',), ('f',)])
    """
    groups: list[tuple[Subject, ...]] = []
    group: list[Subject] = []
    own = 0
    for step in steps:
        group.append(step.point)
        own += step.behind
        pays = len(group) >= least and own >= WALKED_AGAIN * step.front
        if pays or len(group) >= most:
            groups.append(tuple(group))
            group, own = [], 0
    return [*groups, tuple(group)] if group else groups
