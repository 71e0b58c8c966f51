"""Send batches to a device one ahead of the computation, on a stream of their own."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.device import move, present_kinds, queues
from prunescope.sources.data import Samples


def batches_ahead(
    batches: Iterable[Samples], device: torch.device
) -> Iterator[tuple[Samples, Samples]]:
    """Yield each batch as it is, and with its inputs on ``device``.

    While one is computed, the next one's inputs are copied from pinned memory, where the device
    has streams; targets stay where they are.
    """
    if not queues(device) or device.type not in present_kinds():
        for batch in batches:
            yield batch, Samples(move(batch.inputs, device), batch.targets)
        return
    side = torch.Stream(device)
    previous: tuple[Samples, Samples, torch.Event] | None = None
    for batch in batches:
        with side:
            sent = Samples(move(batch.inputs, device), batch.targets)
            there = side.record_event()
        if previous is not None:
            yield _ready(*previous)
        previous = (batch, sent, there)
    if previous is not None:
        yield _ready(*previous)


def _ready(batch: Samples, sent: Samples, there: torch.Event) -> tuple[Samples, Samples]:
    """The batch once the present stream waits for its copy, whose memory it now uses."""
    stream = torch.accelerator.current_stream(there.device)
    stream.wait_event(there)
    for leaf in pytree.tree_leaves(sent.inputs):
        if isinstance(leaf, Tensor):
            leaf.record_stream(stream)
    return batch, sent
