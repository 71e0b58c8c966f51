"""A few steps of training towards the dense network's outputs, without labels: recovery ``distil``.

This is training, with gradients; what makes it short is that it starts from ``refit``.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Inputs, call_arguments, take
from prunescope.capture.network import forward, model_runs
from prunescope.capture.originals import originals
from prunescope.errors import CannotPrune
from prunescope.metrics.class_rows import logits
from prunescope.recovery.least_squares.in_order import refit_in_order
from prunescope.sources.data import Samples
from prunescope.sources.metrics import Metric
from prunescope.study.recoveries import TRAINING_BATCH as BATCH
from prunescope.study.recoveries import TRAINING_STEPS as STEPS

RATES: Final = (2e-3, 5e-4, 1.25e-4)
"""The next one is tried where the loss did not fall."""
WARM_UP: Final = 20
SAMPLES: Final = 8192
"""Calibration inputs that are learnt from, at most."""
_ROOM: Final = 256 << 20
"""Bytes that the dense outputs may take; fewer inputs are used where they are larger."""
_HELD_OUT: Final = 512
_SEED: Final = 0


@dataclass(frozen=True)
class _Answer:
    """What a network says of some samples.

    Attributes:
        rows: ``(n, values)`` class logits less their mean over classes, sample by sample; or None.
        others: ``(n, values)`` of the other outputs, as ``metrics.other_outputs`` scales them.
    """

    rows: Tensor | None
    others: Tensor | None

    def picked(self, indices: Tensor) -> "_Answer":
        return _Answer(*(p if p is None else p[indices] for p in (self.rows, self.others)))


def distil(bench: Workbench, module: nn.Module, selection: PruningMasks) -> None:
    """Train ``module``, in place, for ``STEPS`` steps towards the dense network's outputs.

    It is refitted first (``refit``). Then AdamW without weight decay, a linear warm-up and a cosine
    to 0, on batches of ``BATCH`` calibration inputs in an order that depends on nothing else, batch
    norms on their running statistics, without dropout. The loss is the mean squared difference of
    the class logits, centred over classes, as a share of the dense ones' variance, and of all other
    outputs likewise. Removed weights are 0 after every step. Where the loss on inputs that were not
    learnt from has not fallen, all is done again from the refit at a quarter of the rate, twice at
    most; then the refitted weights stay.

    Args:
        bench: Its network is dense, or pruned by ``selection`` at the moment.
        module: The pruned graph; its parameters and running means are overwritten.
        selection: What was pruned.

    Raises:
        CannotPrune: As from ``refit``; or the network gives nothing that is a real number.
    """
    metric, pool = bench.metric, bench.splits.calibration.chunk(0, SAMPLES)
    answers = _dense_answers(bench, pool)
    pool = pool.chunk(0, _count(answers))
    masks = {name: module.get_parameter(name).detach() != 0 for name in selection.masks}
    refit_in_order(bench, module, selection, through=True)
    learnt = len(pool) - min(_HELD_OUT, len(pool) // 8)  # the refit has looked at the first ones
    start = {name: p.detach().clone() for name, p in module.named_parameters()}
    before = _loss_on(module, metric, pool, answers, learnt)
    for rate in RATES:
        with _gradients(module), torch.enable_grad():
            _train(module, metric, pool, answers, masks, learnt, rate)
        if _loss_on(module, metric, pool, answers, learnt) < before:
            return
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                parameter.copy_(start[name])


def _train(
    module: nn.Module,
    metric: Metric,
    pool: Samples,
    answers: _Answer,
    masks: Mapping[str, Tensor],
    learnt: int,
    rate: float,
) -> None:
    trained = [p for p in module.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=rate, weight_decay=0.0)
    removed = [(module.get_parameter(name), ~keep) for name, keep in masks.items()]
    for step, indices in enumerate(_order(learnt)):
        for group in optimizer.param_groups:
            group["lr"] = rate * _share(step)
        optimizer.zero_grad(set_to_none=True)
        outputs = forward(module, take(pool.inputs, indices))
        loss = _distance(_answer(metric, outputs, len(indices)), answers.picked(indices), answers)
        if not bool(loss.isfinite()):
            return
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for weight, gone in removed:
                if weight.grad is not None:
                    weight.grad.masked_fill_(gone, 0.0)
            optimizer.step()
            for weight, gone in removed:
                weight.masked_fill_(gone, 0.0)
    optimizer.zero_grad(set_to_none=True)


def _share(step: int) -> float:
    """Of the highest rate: up in a line, then down a half cosine."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP)))


def _order(count: int) -> Iterator[Tensor]:
    """Indices of each step's batch; every pass over the inputs has an order of its own."""
    generator = torch.Generator().manual_seed(_SEED)
    ahead = torch.empty(0, dtype=torch.int64)
    size = min(BATCH, count)
    for _ in range(STEPS):
        if len(ahead) < size:
            ahead = torch.randperm(count, generator=generator)
        yield ahead[:size]
        ahead = ahead[size:]


def _distance(own: _Answer, dense: _Answer, whole: _Answer) -> Tensor:
    """How far the outputs are from the dense ones, as a share of those."""
    parts = []
    if own.rows is not None and dense.rows is not None and whole.rows is not None:
        spread = whole.rows.square().mean().clamp(min=1e-12)
        parts.append((own.rows - dense.rows).square().mean() / spread)
    if own.others is not None and dense.others is not None:
        parts.append((own.others - dense.others).square().sum(1).mean())
    return torch.stack(parts).sum()


def _loss_on(
    module: nn.Module, metric: Metric, pool: Samples, answers: _Answer, first: int
) -> float:
    """The loss on the inputs from ``first`` on, or on all where that are none."""
    first = first if first < len(pool) else 0
    total = 0.0
    with torch.no_grad():
        for start in range(first, len(pool), BATCH):
            indices = torch.arange(start, min(start + BATCH, len(pool)))
            outputs = forward(module, take(pool.inputs, indices))
            own = _answer(metric, outputs, len(indices))
            loss = _distance(own, answers.picked(indices), answers)
            total += float(loss) * len(indices)
    return total / (len(pool) - first)


def _answer(metric: Metric, outputs: Any, count: int) -> _Answer:
    rows = logits(metric.output(outputs)) if metric.has_classes else None
    if rows is not None:
        rows = (rows - rows.mean(1, keepdim=True)).reshape(count, -1)
    others = None if metric.others is None else metric.others.rows(outputs, count)
    if rows is None and others is None:
        raise CannotPrune(
            "Expected real outputs to learn from the dense model, but it returns none. Use "
            "recovery ls or none."
        )
    return _Answer(rows, others)


def _dense_answers(bench: Workbench, pool: Samples) -> _Answer:
    """What the dense network says, whose weights may be masked at the moment."""
    module = bench.network.module
    dense = {name: weight.detach() for name, weight in originals(module).items()}
    parts: list[_Answer] = []
    with torch.no_grad():
        for start in range(0, len(pool), BATCH):
            chunk = pool.chunk(start, start + BATCH)
            outputs = _call(module, dense, chunk.inputs, len(chunk))
            parts.append(_answer(bench.metric, outputs, len(chunk)))
            sizes = [p.nbytes for p in (parts[0].rows, parts[0].others) if p is not None]
            if sum(sizes) * (len(parts) + 1) > _ROOM:
                break
    return _Answer(_joined([p.rows for p in parts]), _joined([p.others for p in parts]))


def _call(module: nn.Module, dense: Mapping[str, Tensor], inputs: Inputs, count: int) -> Any:
    args, kwargs = call_arguments(inputs)
    with model_runs(count):
        return torch.func.functional_call(module, dict(dense), tuple(args), dict(kwargs))


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    return torch.cat(present) if present and len(present) == len(parts) else None


def _count(answers: _Answer) -> int:
    part = answers.rows if answers.rows is not None else answers.others
    assert part is not None
    return len(part)


@contextlib.contextmanager
def _gradients(module: nn.Module) -> Iterator[None]:
    """Let every real parameter have a gradient in the block."""
    before = [(p, p.requires_grad) for p in module.parameters()]
    for parameter, _ in before:
        parameter.requires_grad_(parameter.is_floating_point())
    try:
        yield
    finally:
        for parameter, wanted in before:
            parameter.grad = None
            parameter.requires_grad_(wanted)
