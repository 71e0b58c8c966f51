"""The device that computes: the one place that chooses it, moves tensors to it, and waits for it.

Rooms below this one (capture, removal, criteria, sources) know no device: they compute where the
tensors lie that they are given. A network is loaded and captured in main memory, so that its graph
and its fingerprint are the same on every machine; ``bench.placement`` moves it. What measurements
are made of (scores, entropies, log-probabilities, targets) ends in main memory.

A further kind of device is a name in ``DEVICE_NAMES`` and, where its calls return before they are
done and torch has streams for it, in ``study.computations.QUEUING``.
"""

import ctypes
import functools
import re
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar, cast

import psutil
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.errors import BadValue, UnknownName
from prunescope.study.computations import DEVICE_NAMES, QUEUING
from prunescope.text.lists import listed

HOST: Final = torch.device("cpu")
"""Main memory, and the processor beside it."""
AUTO: Final = "auto"
DEVICES: Final = DEVICE_NAMES
"""Names that a user can give; ``cuda`` and ``xpu`` also with a number, such as ``cuda:1``."""
_NUMBERED: Final = re.compile(r"(cuda|xpu):(\d{1,3})")

_Tree = TypeVar("_Tree")
_Result = TypeVar("_Result")

_IN_USE: list[torch.device] = [HOST]


def present_devices() -> tuple[str, ...]:
    """Return the names of the devices of this machine that this torch can use.

    >>> present_devices()[0]
    'cpu'
    """
    return _present()[0]


def choose_device(name: str = AUTO) -> torch.device:
    """Return the device called ``name``.

    ``auto`` is the first ``cuda`` device, else the first ``xpu``, else the processor: ``mps`` has
    no float64, in which some scores and refits are computed, and is only taken by name.

    Raises:
        UnknownName: There is no such kind of device; the message names the closest one.
        BadValue: This machine has no such device; the message names what it has.
    """
    numbered = _NUMBERED.fullmatch(name)
    kind = numbered[1] if numbered else name
    if kind not in DEVICES:
        raise UnknownName.among("device", name, (*DEVICES, "cuda:1"))
    present, problem = _present()
    if name == AUTO:
        first = [f"{queue}:0" for queue in QUEUING if f"{queue}:0" in present]
        return torch.device(first[0]) if first else HOST
    exact = f"{kind}:0" if kind in QUEUING and not numbered else name
    if exact not in present:
        reason = f" ({problem})" if problem and kind == "cuda" else ""
        raise BadValue(
            f"Expected a device of this machine ({listed(present, 'or')}), but got {name}{reason}. "
            "Take one that is there, or auto."
        )
    return torch.device(exact)


def use_device(name: str) -> torch.device:
    """Let this process compute on the device called ``name``, and return it; see ``choose_device``.

    What opens a network from here on, and is not told another device, computes there.
    """
    _IN_USE[0] = choose_device(name)
    return _IN_USE[0]


def device_in_use() -> torch.device:
    """Return the device that ``use_device`` chose last; before that, the processor."""
    return _IN_USE[0]


def device_of_kind(kind: str) -> torch.device:
    """Return the device in use where it is of ``kind``, else the first of that kind.

    Raises:
        BadValue: This machine has no such device; the message names what it has.
    """
    return _IN_USE[0] if _IN_USE[0].type == kind else choose_device(kind)


def device_title(device: torch.device) -> str:
    """Return what a device is called in sentences, such as ``cuda NVIDIA H200``; ``cpu``."""
    if device.type not in QUEUING:
        return device.type
    module = getattr(torch, device.type)
    return f"{device.type} {module.get_device_name(device)}"


def device_of(tensors: nn.Module | Iterable[object]) -> torch.device:
    """Return where a module's tensors lie, or the first tensor among values; without any, HOST."""
    if isinstance(tensors, nn.Module):
        tensors = (*tensors.parameters(), *tensors.buffers())
    return next((each.device for each in tensors if isinstance(each, Tensor)), HOST)


def queues(device: torch.device) -> bool:
    """Return whether calls on ``device`` return before they are done, on streams of torch."""
    return device.type in QUEUING


def move(tree: _Tree, device: torch.device) -> _Tree:
    """Return ``tree`` on ``device``: nested inputs, or a module, moved in place.

    What lies there already is not copied. From main memory to a device that queues its work, the
    copy goes through pinned memory and is queued too.
    """
    if isinstance(tree, nn.Module):
        return tree.to(device)

    def moved(leaf: object) -> object:
        if not isinstance(leaf, Tensor) or leaf.device == device:
            return leaf
        if leaf.device == HOST and queues(device) and device.type in present_kinds():
            return leaf.pin_memory().to(device, non_blocking=True)
        return leaf.to(device)

    return cast(_Tree, pytree.tree_map(moved, tree))


def on_host(tensor: Tensor) -> Tensor:
    """Return ``tensor`` in main memory without its gradient; no copy where it lies there."""
    return tensor.detach().to(HOST)


def fetch(tensors: tuple[Tensor | None, ...]) -> Callable[[], tuple[Tensor | None, ...]]:
    """Begin to bring ``tensors`` to main memory; return what waits for them and gives them.

    On a device that queues its work, the copies stand in the queue behind what makes the tensors
    and in front of what is asked for later, so that waiting for them does not wait for that.
    """
    device = device_of(tensors)
    if not queues(device) or device.type not in present_kinds():
        return lambda: tuple(None if each is None else on_host(each) for each in tensors)
    copies = tuple(
        None if each is None else each.detach().to(HOST, non_blocking=True) for each in tensors
    )
    done = torch.Event(device)
    done.record()

    def arrived() -> tuple[Tensor | None, ...]:
        done.synchronize()
        return copies

    return arrived


def synchronize(device: torch.device) -> None:
    """Wait until everything is done that was given to ``device``; the processor never queues."""
    if device.type != HOST.type:
        torch.accelerator.synchronize(device)


def synchronised(call: Callable[[], _Result], device: torch.device) -> Callable[[], _Result]:
    """Return ``call`` as a call that is done when it returns, so that a clock can time it."""
    if device.type == HOST.type:
        return call

    def complete() -> _Result:
        result = call()
        synchronize(device)
        return result

    return complete


def parallel_calls(device: torch.device) -> int:
    """Return how many calls may compute at once: torch's threads here, one elsewhere."""
    return torch.get_num_threads() if device.type == HOST.type else 1


def free_memory(device: torch.device) -> int:
    """Return how many bytes are free where ``device`` computes: its own memory, or the main one."""
    if device.type in QUEUING:
        free, _ = getattr(torch, device.type).mem_get_info(device)
        return int(free)
    if device.type == "mps":
        limit = torch.mps.recommended_max_memory()
        return max(0, int(limit - torch.mps.driver_allocated_memory()))
    return int(psutil.virtual_memory().available)


def drop_cached_memory(device: torch.device) -> None:
    """Give back what the allocator of ``device`` holds unused.

    In main memory glibc's does; others are left as they are.
    """
    if device.type == HOST.type:
        if (trim := _malloc_trim()) is not None:
            trim(0)
    elif device.type in present_kinds():
        torch.accelerator.empty_cache()


def present_kinds() -> frozenset[str]:
    """Return the kinds of the devices of this machine."""
    return frozenset(name.partition(":")[0] for name in present_devices())


@functools.cache
def _malloc_trim() -> Callable[[int], int] | None:
    """Of glibc: gives whole pages back to the system, also those between blocks in use."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or no such handle
        return None
    return trim


@functools.cache
def _present() -> tuple[tuple[str, ...], str]:
    """The devices here, and what torch says where it cannot use a CUDA driver (one too old)."""
    names = ["cpu"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if torch.backends.mps.is_available():
            names.append("mps")
        for kind in QUEUING[::-1]:
            module = getattr(torch, kind)
            if module.is_available():
                names += [f"{kind}:{number}" for number in range(module.device_count())]
    said = " ".join(str(warning.message).split(". ")[0] for warning in caught[:1])
    return tuple(names), " ".join(said.split())[:200]


def has_tf32(device: torch.device) -> bool:
    """Return whether ``device`` can round the factors of products to TF32 (Ampere and later)."""
    if device.type != "cuda" or device.type not in present_kinds():
        return False
    return torch.cuda.get_device_capability(device) >= (8, 0)


def round_factors(wanted: bool) -> None:
    """Let CUDA round the factors of products and convolutions to TF32, or not.

    Torch does it for convolutions unless it is told not to.
    """
    rounding = "tf32" if wanted else "ieee"
    backends: Any = torch.backends  # whose stubs lack these
    for products in (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn):
        products.fp32_precision = rounding
