"""Where memory runs out, batches are halved, and the answers are the same."""

import pytest
import torch
from torch import Tensor, nn

from prunescope.bench.device_batch import device_batch, halved
from prunescope.bench.evaluate import evaluate
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import batch_size
from prunescope.errors import BadValue, OutOfMemory
from prunescope.replay.frontier import FrontierEngine
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.study import Method
from prunescope.study.point import Point

ELSEWHERE = torch.device("xpu:0")


class Tight(nn.Module):
    """A network with memory for three samples."""

    def __init__(self, network: nn.Module, most: int = 3) -> None:
        super().__init__()
        self.network, self.most, self.batches = network, most, list[int]()

    def forward(self, images: Tensor) -> Tensor:
        if len(images) > self.most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        self.batches.append(len(images))
        return self.network(images)


def test_an_evaluation_goes_on_in_half_the_batch(tiny_bench: Workbench) -> None:
    module, metric = tiny_bench.network.module, tiny_bench.metric
    samples = tiny_bench.splits.validation.chunk(0, 13)
    tight = Tight(module)
    outcome = evaluate(tight, samples, metric, 8)
    assert tight.batches == [2] * 6 + [1]
    wanted = evaluate(module, samples, metric, 2)
    assert torch.equal(outcome.score, wanted.score)
    with pytest.raises(OutOfMemory, match="memory ran out"):
        evaluate(Tight(module, 0), samples, metric, 8)


def test_a_single_sample_that_does_not_fit_is_a_sentence() -> None:
    assert halved(8, ELSEWHERE, MemoryError()) == 4
    with pytest.raises(BadValue, match="one sample at a time on xpu:0, but it ran out. Close"):
        halved(1, ELSEWHERE, MemoryError())


def test_a_device_takes_as_many_samples_as_its_memory_holds(
    tiny_bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = tiny_bench.network
    assert network.cost is not None
    for free, most, wanted in ((80, 100, 10), (80, 7, 7), (1, 100, 1), (1 << 20, 1 << 20, 2048)):
        room = free * network.cost.activation_bytes
        monkeypatch.setattr("prunescope.bench.device_batch.free_memory", lambda _, room=room: room)
        assert device_batch(network, 3, most, ELSEWHERE) == wanted


def test_a_sweep_on_a_device_halves_its_batches(
    tiny_bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = tiny_bench.network.prunable()[0].name
    points = [Point(layer, Method("magnitude"), sparsity) for sparsity in (0.3, 0.8)]
    wanted = dict(FrontierEngine(tiny_bench, lanes=1).outcomes(0, 16, points))
    engine = FrontierEngine(tiny_bench, lanes=1)
    engine._device = ELSEWHERE
    outputs = ReplayWalk.outputs

    def tight(walk: ReplayWalk[object], batch: int, variant: object) -> object:
        if batch_size(walk._inputs[batch]) > 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return outputs(walk, batch, variant)  # type: ignore[arg-type]

    monkeypatch.setattr(ReplayWalk, "outputs", tight)
    monkeypatch.setattr(
        ReplayWalk, "counted_outputs", lambda walk, batch, variant: (tight(walk, batch, variant), 1)
    )
    measured = dict(engine.outcomes(0, 16, points))
    assert engine._parts.batch <= 4
    for point in points:
        assert torch.equal(measured[point].score, wanted[point].score)  # type: ignore[union-attr]
