"""Parts of a graph as flat lists of steps: an operator, its arguments, and values to drop after."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from torch import Tensor, fx

from prunescope.capture.functional import operator_name
from prunescope.capture.mac_factors import MAC_FACTORS, count


class Slot(int):
    """The key of a computed value in an environment."""


Values = MutableMapping[int, Any]
Place = Callable[[fx.Node], Any]
"""A ``Slot`` for a computed node, the value itself for a parameter, buffer or constant."""


@dataclass(frozen=True, slots=True)
class Nested:
    """A list, tuple, dict or slice with slots in it."""

    build: Callable[[list[Any]], Any]
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ProgramStep:
    """One operator.

    Attributes:
        node: Its node in the graph.
        name: The operator's.
        call: The operator.
        args: With slots for computed values and everything else in place.
        kwargs: Likewise.
        slot: Where the result goes.
        dead: Slots that no later step reads.
    """

    node: fx.Node
    name: str
    call: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    slot: int
    dead: tuple[int, ...] = ()


def make_step(node: fx.Node, slot_of: Place) -> ProgramStep:
    """Return the step of a ``call_function`` node."""
    assert callable(node.target), node.op
    slot = slot_of(node)
    args = tuple(template(argument, slot_of) for argument in node.args)
    kwargs = {name: template(argument, slot_of) for name, argument in node.kwargs.items()}
    return ProgramStep(node, operator_name(node), node.target, args, kwargs, slot)


def with_dead(steps: Sequence[ProgramStep], result: Any) -> tuple[ProgramStep, ...]:
    """Return ``steps`` that drop values after their last reader, except what ``result`` reads.

    Values that the steps read but do not compute are dropped too: run on a copy of the environment.
    """
    seen = set(slots(result))
    reversed_steps = []
    for step in reversed(steps):
        read = {*slots(step.args), *slots(step.kwargs), step.slot}
        reversed_steps.append(replace(step, dead=tuple(sorted(read - seen))))
        seen |= read
    return tuple(reversed(reversed_steps))


def run(steps: Iterable[ProgramStep], values: Values, seconds: defaultdict[str, float]) -> None:
    """Run ``steps`` on the environment ``values``, and add each operator's time to ``seconds``."""
    for step in steps:
        began = perf_counter()
        args = [fill(template_, values) for template_ in step.args]
        kwargs = {name: fill(template_, values) for name, template_ in step.kwargs.items()}
        values[step.slot] = step.call(*args, **kwargs)
        del args, kwargs
        for slot in step.dead:
            del values[slot]
        seconds[step.name] += perf_counter() - began


def counted_run(
    steps: Iterable[ProgramStep], values: Values, seconds: defaultdict[str, float]
) -> int:
    """Run ``steps`` likewise, and return their multiply-accumulates."""
    total = 0
    for step in steps:
        rule = MAC_FACTORS.get(step.name)
        shapes = dict(_arguments(step, values)) if rule else {}
        dead, step = step.dead, replace(step, dead=())
        run((step,), values, seconds)
        if rule:
            tensors = shapes | {step.node: values[step.slot]}
            total += count(rule(step.node, tensors), tensors)
        for slot in dead:
            del values[slot]
    return total


def template(argument: Any, slot_of: Place) -> Any:
    """Return ``argument`` with a slot or a value for each node in it."""
    if isinstance(argument, fx.Node):
        return slot_of(argument)
    if isinstance(argument, list | tuple):
        parts = tuple(template(element, slot_of) for element in argument)
        return _nested(list if isinstance(argument, list) else tuple, parts)
    if isinstance(argument, dict):
        parts = tuple(template(element, slot_of) for element in argument.values())
        names = tuple(argument)
        return _nested(lambda elements: dict(zip(names, elements, strict=True)), parts)
    if isinstance(argument, slice):
        ends = (argument.start, argument.stop, argument.step)
        return _nested(
            lambda elements: slice(*elements), tuple(template(element, slot_of) for element in ends)
        )
    return argument


def fill(argument: Any, values: Mapping[int, Any]) -> Any:
    """Return what the template ``argument`` stands for."""
    kind = type(argument)
    if kind is Slot:
        return values[argument]
    if kind is Nested:
        return argument.build([fill(element, values) for element in argument.parts])
    return argument


def slots(argument: Any) -> list[int]:
    """Return the slots in a template, in a tuple or in a dict of templates."""
    if type(argument) is Slot:
        return [argument]
    if type(argument) is Nested:
        return [slot for element in argument.parts for slot in slots(element)]
    if isinstance(argument, tuple):
        return [slot for element in argument for slot in slots(element)]
    if isinstance(argument, dict):
        return [slot for element in argument.values() for slot in slots(element)]
    return []


def constants(steps: Iterable[ProgramStep]) -> list[Tensor]:
    """Return the tensors that ``steps`` hold in place."""
    tensors: list[Tensor] = []

    def visit(argument: Any) -> None:
        if isinstance(argument, Tensor):
            tensors.append(argument)
        elif type(argument) is Nested:
            for child in argument.parts:
                visit(child)

    for step in steps:
        for child in (*step.args, *step.kwargs.values()):
            visit(child)
    return tensors


def _nested(build: Callable[[list[Any]], Any], parts: tuple[Any, ...]) -> Any:
    has_slots = any(type(part) in (Slot, Nested) for part in parts)
    return Nested(build, parts) if has_slots else build(list(parts))


def _arguments(step: ProgramStep, values: Mapping[int, Any]) -> Iterable[tuple[fx.Node, Any]]:
    """Each node that the step reads, with its value."""

    def pairs(old: Any, template_: Any) -> Iterable[tuple[fx.Node, Any]]:
        if isinstance(old, fx.Node):
            yield old, template_
        elif isinstance(old, list | tuple):
            for node, value in zip(old, template_, strict=True):
                yield from pairs(node, value)

    for old, template_ in zip(step.node.args, step.args, strict=True):
        yield from pairs(old, fill(template_, values))
