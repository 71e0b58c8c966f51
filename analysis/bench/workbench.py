"""Open a reference: model, data and metric together, checked against each other, fingerprinted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from prunescope.bench.baseline import baseline_of, other_metrics_of
from prunescope.bench.describe_blocks import block_methods
from prunescope.bench.describe_manifest import describe
from prunescope.bench.device import HOST, choose_device, device_in_use, device_of, device_title
from prunescope.bench.device_batch import device_batch
from prunescope.bench.evaluate import Outcome, evaluate, require_finite
from prunescope.bench.fingerprint import environment, fingerprint, network_parts
from prunescope.bench.fitted_metric import (
    labelled_by_dense,
    others_of,
    require_labels,
    with_outputs,
)
from prunescope.bench.grouped_queries import choose_heads
from prunescope.bench.loss_problem import loss_problem
from prunescope.bench.original_model import original_model
from prunescope.bench.placement import place, place_splits
from prunescope.bench.precision import FP32
from prunescope.bench.read_outputs import list_outputs
from prunescope.bench.studied_part import (
    network_or_part,
    part_metric,
    part_splits,
    scored,
    whole_model,
)
from prunescope.capture.graph import Inputs, captured_program, take
from prunescope.capture.network import Network, network_of
from prunescope.commands import next_steps
from prunescope.coupling import Group
from prunescope.criteria import method_summaries
from prunescope.criteria.criterion import Model
from prunescope.errors import BadReference
from prunescope.removal import try_groups
from prunescope.sources.data import Samples, Splits, data_hash, load_data
from prunescope.sources.losses import USUAL, Loss, load_loss
from prunescope.sources.metrics import Metric, load_metric, with_others
from prunescope.sources.models import load_model
from prunescope.sources.pt2 import read_program
from prunescope.store.study_files import require_intact
from prunescope.study import Manifest, Reference
from prunescope.study.computations import computed_on

_CACHE_BYTES: Final = 16 << 20
_FEWEST: Final = 8
_EVERY_OUTPUT: Final = "every output"
"""Part of the fingerprint where KL looks beyond class logits: studies of before did not."""
_MOST: Final = 512


@dataclass(frozen=True)
class Workbench:
    """Everything that a sweep, a verification or a fine-tuning run works with.

    Attributes:
        network: The dense model.
        splits: Its data; without labels, the targets are the dense model's predictions.
        metric: The score.
        dense: The dense model's outcome on the validation split.
        manifest: What the study says about all this, baseline included.
        batch: Samples per forward pass.
        groups: What can be removed together.
        loss: What gradients and training are taken of.
        precision: That points are computed in (``prunescope.bench.precision``); the dense model's
            outcome, scores, refits and training are in single precision in any case.
    """

    network: Network
    splits: Splits
    metric: Metric
    dense: Outcome
    manifest: Manifest
    batch: int
    groups: tuple[Group, ...] = ()
    loss: Loss = USUAL
    precision: str = FP32

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return device_of(self.network.module)

    @property
    def computed_on(self) -> str:
        """Device and precision, as rows are marked with them."""
        return computed_on(device_title(self.device), self.precision)

    @property
    def classes(self) -> int:
        """The number of classes that per-class counts are kept for, 0 for none."""
        return len(self.manifest.baseline.class_samples) if self.manifest.baseline else 0


def prepare(
    reference: Reference, folder: Path | None = None, device: str | None = None
) -> Workbench:
    """Return the workbench of ``reference``: load, capture, check, evaluate the baseline once.

    Args:
        reference: Of model, data and metric.
        folder: Of the study, which may keep them.
        device: One of ``prunescope.bench.device.DEVICES``; None for the one that the process uses.

    Raises:
        PrunescopeError: Whatever is wrong with model, data or metric, in a sentence.
    """
    chosen = device_in_use() if device is None else choose_device(device)
    located = reference.within(folder)
    if folder is not None and reference.own_network is not None:
        program = read_program(require_intact(reference.own_network, folder))
        splits = _data(reference, folder)
        if reference.cut is not None and reference.own_data is None:
            splits = part_splits(whole_model(reference, folder), reference.cut, splits)
        captured = captured_program(program, example_of(splits.calibration))
        network = network_of(
            captured, lambda: original_model(reference, folder, captured.module), reference.outputs
        )
        metric = _metric(reference, folder, network, splits)
    else:
        model = load_model(located)
        splits = _data(reference, folder)
        example = example_of(splits.calibration)
        network, cut = network_or_part(model, example, reference.outputs)
        reference, splits, metric = scored(reference, network, cut, model, splits)
    loss = load_loss(reference.loss, metric.has_classes)
    return assemble(reference, network, splits, metric, loss, chosen)


def _metric(reference: Reference, folder: Path, network: Network, splits: Splits) -> Metric:
    """The metric of a study that keeps its network; a part may need the rest of the model."""
    cut = reference.cut
    if cut is None:
        labelled = splits.validation.targets is not None
        return with_others(load_metric(reference.metric, labelled), reference.also, labelled)
    model = whole_model(reference, folder) if cut.scores_whole else network.module
    return part_metric(reference.metric, cut, network, model, splits)


def _data(reference: Reference, folder: Path | None) -> Splits:
    """The splits; those that a study keeps are looked at first."""
    if folder is not None and reference.own_data is not None:
        require_intact(reference.own_data, folder)
    try:
        return load_data(reference.data_within(folder))
    except BadReference as error:
        if folder is None or reference.own_network is None or reference.own_data is not None:
            raise
        raise BadReference(
            f"{error} Where the study's data lie elsewhere on this machine, name them: "
            f"{next_steps.data_elsewhere(folder)}."
        ) from error


def assemble(
    reference: Reference,
    network: Network,
    splits: Splits,
    metric: Metric,
    loss: Loss = USUAL,
    device: torch.device = HOST,
) -> Workbench:
    """Return the workbench of what is loaded already: check it, evaluate the baseline once.

    Args:
        reference: What the study says about where network, data and metric come from.
        network: Becomes the workbench's own: it is masked and restored.
        splits: The data, in main memory.
        metric: The score; the reference takes its name.
        loss: What gradients and training are taken of.
        device: Where to compute; hashes and groups are taken in main memory, before.
    """
    batch = _batch(network, len(splits.validation))
    data = data_hash(splits)
    parts = network_parts(network) | {"data": data, "metric": metric.identity}
    if loss.identity:
        parts["loss"] = loss.identity
    if metric.also:
        parts["metric"] = ",".join([metric.identity, *(other.identity for other in metric.also)])
    if reference.heads:
        choose_heads(network, reference.heads)
        parts["heads"] = reference.heads
    if device != HOST:
        if network.captured is not None:
            try_groups(network.captured)  # remembered
        network, splits = place(network, device), place_splits(splits, device)
        batch = device_batch(network, batch, len(splits.validation), device)
    if metric.relative:
        splits = labelled_by_dense(network, splits, metric, batch)
    metric = with_outputs(network, splits, metric)
    also = tuple(with_outputs(network, splits, other) for other in metric.also)
    metric = replace(metric, also=also)
    metric = replace(metric, others=others_of(network, splits, metric))
    if metric.others is not None:
        parts["divergence"] = _EVERY_OUTPUT
    dense = evaluate(network.module, splits.validation, metric, batch)
    require_finite(dense)
    require_labels(network, splits, dense, metric)
    groups: tuple[Group, ...] = ()
    summary = metric.summary_for(dense.score)
    outputs, free = list_outputs(network, splits.validation, metric)
    metric = metric.with_worst(summary, dense.score)
    others = tuple(
        other.with_worst(other.summary_for(known.score), known.score)
        for other, known in zip(metric.also, dense.also, strict=True)
    )
    metric = replace(metric, also=others)
    manifest = _manifest(replace(reference, metric=metric.name), network, splits, parts)
    manifest = replace(
        manifest,
        metric=summary,
        outputs=outputs,
        free_layers=free,
        other_metrics=other_metrics_of(dense, metric),
        baseline=baseline_of(dense, metric.labels(splits.validation.targets), summary),
    )
    if network.captured is not None and network.cost is not None:
        coupling = try_groups(network.captured)
        groups = coupling.groups
        manifest = describe(manifest, network.captured, coupling)
    manifest = replace(
        manifest,
        methods=(
            *method_summaries(
                Model(network, loss_problem(network, splits.calibration, loss)), groups
            ),
            *block_methods(manifest),
        ),
    )
    return Workbench(network, splits, metric, dense, manifest, batch, groups, loss)


def _manifest(
    reference: Reference, network: Network, splits: Splits, parts: dict[str, str]
) -> Manifest:
    parameters = {id(p): p for p in network.module.parameters()}.values()
    known = network.cost
    return Manifest(
        reference=reference,
        fingerprint=fingerprint(parts),
        parameters=sum(p.numel() for p in parameters),
        buffers=known.buffers if known else sum(b.numel() for b in network.module.buffers()),
        bytes=known.bytes if known else state_bytes(network.module.state_dict()),
        macs=known.macs if known else 0,
        activation_bytes=known.activation_bytes if known else 0,
        layers=tuple(layer.summary for layer in network.layers),
        capture_problem=network.problem,
        splits={name: len(splits.named(name)) for name in ("calibration", "validation", "test")},
        classes=splits.classes,
        environment=environment(device_of(network.module)),
        parts=parts,
    )  # fmt: skip


def _batch(network: Network, most: int) -> int:
    """Return how many samples keep what is alive between two operators within 16 MiB, 8 to 512.

    Measured on the sample models and a ResNet-18 at 224 px, on one thread: between 5 and 30 MiB
    the time is flat within a tenth. Above, tensors leave the cache, and past 32 MiB each is mapped
    anew by the system (600 page faults a sample on mobilenet in batches of 512, 2.4 times the
    time); below, the operators' own overhead shows. The number depends on the network only,
    never on a timing: the last bits of a matrix product may depend on the batch.
    """
    if network.captured is not None and network.captured.largest is not None:
        most = min(most, network.captured.largest)
    if network.cost is None or not network.cost.activation_bytes:
        return min(64, most)
    fits = _CACHE_BYTES // network.cost.activation_bytes
    return min(max(_FEWEST, min(fits, _MOST)), most)


def state_bytes(state: Mapping[str, Tensor]) -> int:
    """Return the dense bytes of a state dict, tied tensors counted once."""
    once = {(t.data_ptr(), t.shape, t.stride()): t for t in state.values() if t.numel()}
    return sum(tensor.numel() * tensor.element_size() for tensor in once.values())


def example_of(samples: Samples) -> Inputs:
    """Return a copy of two samples (one of them twice where there is only one)."""
    return take(samples.inputs, torch.arange(2) % len(samples))
