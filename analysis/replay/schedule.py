"""The order of a replay: how far to compute the dense network before each subject is pruned."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from prunescope.replay.dependencies import Bits, Flow, node_numbers, to_bits

Subject = TypeVar("Subject", bound=Hashable)


@dataclass(frozen=True)
class Stop(Generic[Subject]):
    """A moment of the walk.

    Attributes:
        subject: What is pruned here.
        cone: The nodes that change when the subject is pruned.
        compute: Dense nodes to compute before, in order.
        dead: For each of them, nodes that nobody reads after it.
        leaves: Nodes that nobody reads after this stop.
        alive: Nodes whose values are kept at this stop: the frontier.
    """

    subject: Subject
    cone: Bits
    compute: tuple[int, ...]
    dead: tuple[tuple[int, ...], ...]
    leaves: tuple[int, ...]
    alive: Bits


@dataclass(frozen=True)
class Schedule(Generic[Subject]):
    """One walk.

    Attributes:
        stops: In order, the first change first.
        inputs: The network's inputs that anything reads.
    """

    stops: tuple[Stop[Subject], ...]
    inputs: Bits


def schedule(flow: Flow, cones: Mapping[Subject, Bits]) -> Schedule[Subject]:
    """Return the walk that stops once for each subject.

    At every stop the frontier holds exactly what this subject's cone and the later stops read;
    every dense node is computed at most once, and only if some cone reads what follows from it.
    """
    order = sorted(cones, key=lambda subject: cones[subject] & -cones[subject])
    boundaries = [flow.boundary(cones[subject]) for subject in order]
    done = to_bits(flow.inputs)
    computes: list[tuple[int, ...]] = []
    for boundary in boundaries:
        needed = flow.above(boundary) & ~done
        computes.append(tuple(node_numbers(needed)))
        done |= needed
    read_later = 0
    stops: list[Stop[Subject]] = []
    for subject, boundary, compute in reversed(list(zip(order, boundaries, computes, strict=True))):
        live = read_later | boundary
        leaves = tuple(node_numbers(boundary & ~read_later))
        dead: list[tuple[int, ...]] = []
        seen = live
        for number in reversed(compute):
            read = flow.sources[number] & flow.computed | 1 << number
            dead.append(tuple(node_numbers(read & ~seen)))
            seen |= read
        stops.append(Stop(subject, cones[subject], compute, tuple(reversed(dead)), leaves, live))
        read_later = seen
    return Schedule(tuple(reversed(stops)), read_later & to_bits(flow.inputs))


def frontier_bytes(
    flow: Flow, stops: Iterable[Stop[Subject]], output_bytes: Mapping[str, int]
) -> int:
    """Return the most bytes per sample that the frontier holds at any stop, views as copies."""
    return max(
        (
            sum(output_bytes.get(flow.nodes[number].name, 0) for number in node_numbers(stop.alive))
            for stop in stops
        ),
        default=0,
    )
