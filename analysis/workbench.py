"""Open a reference: model, data and metric together, checked against each other, fingerprinted."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version

import torch
from torch import Tensor

from analysis.capture.graph import take
from analysis.capture.network import Network, build_network
from analysis.coupling import Group
from analysis.criteria import method_summaries
from analysis.evaluate import Outcome, evaluate, require_finite
from analysis.sources.data import Samples, Splits, data_hash, load_data
from analysis.sources.metrics import Metric, load_metric
from analysis.sources.models import load_model
from analysis.study import Baseline, Manifest, Reference

_CHUNK_BYTES = 192 << 20


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
    """

    network: Network
    splits: Splits
    metric: Metric
    dense: Outcome
    manifest: Manifest
    batch: int
    groups: tuple[Group, ...] = ()

    @property
    def classes(self) -> int:
        """The number of classes that per-class counts are kept for, 0 for none."""
        return len(self.manifest.baseline.class_samples) if self.manifest.baseline else 0


def prepare(reference: Reference) -> Workbench:
    """Return the workbench of ``reference``: load, capture, check, evaluate the baseline once.

    Raises:
        PrunescopeError: Whatever is wrong with model, data or metric, in a sentence.
    """
    model = load_model(reference)
    splits = load_data(reference)
    network = build_network(model, take(splits.calibration.inputs, slice(0, 2)))
    metric = load_metric(reference.metric, splits.validation.targets is not None)
    batch = _batch(network, len(splits.validation))
    if metric.relative:
        splits = _labelled(network, splits, metric, batch)
    dense = evaluate(network.module, splits.validation, metric, batch)
    require_finite(dense)
    manifest = _manifest(reference, network, splits, metric, dense)
    return Workbench(network, splits, metric, dense, manifest, batch)


def network_parts(network: Network) -> dict[str, str]:
    """Return the hashes of a network's weights (names, shapes, values) and of its graph."""
    weights = hashlib.sha256()
    for name, tensor in sorted(network.module.state_dict().items()):
        weights.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
        weights.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    code = network.captured.module.code if network.captured else str(network.module)
    graph = hashlib.sha256(code.encode()).hexdigest()
    return {"weights": weights.hexdigest()[:16], "graph": graph[:16]}


def environment() -> dict[str, str]:
    """Return the versions and the machine that measurements depend on."""
    return {
        "prunescope": version("prunescope"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "device": "cpu",
    }


def _manifest(
    reference: Reference, network: Network, splits: Splits, metric: Metric, dense: Outcome
) -> Manifest:
    parts = network_parts(network) | {"data": data_hash(splits), "metric": metric.identity}
    joined = "|".join(f"{name}={value}" for name, value in sorted(parts.items()))
    parameters = {id(p): p for p in network.module.parameters()}.values()
    known = network.cost
    return Manifest(
        reference=reference,
        fingerprint=hashlib.sha256(joined.encode()).hexdigest()[:16],
        parameters=sum(p.numel() for p in parameters),
        buffers=known.buffers if known else sum(b.numel() for b in network.module.buffers()),
        bytes=known.bytes if known else sum(
            t.numel() * t.element_size() for t in network.module.state_dict().values()
        ),
        macs=known.macs if known else 0,
        activation_bytes=known.activation_bytes if known else 0,
        layers=tuple(layer.summary for layer in network.layers),
        capture_problem=network.problem,
        splits={name: len(splits.named(name)) for name in ("calibration", "validation", "test")},
        classes=splits.classes,
        baseline=_baseline(dense, splits.validation),
        environment=environment(),
        methods=method_summaries(network, dense),
        parts=parts,
    )  # fmt: skip


def _baseline(dense: Outcome, validation: Samples) -> Baseline:
    samples: tuple[int, ...] = ()
    correct: tuple[int, ...] = ()
    targets, probabilities = validation.targets, dense.log_probabilities
    if (
        dense.entropy is not None
        and probabilities is not None
        and targets is not None
        and len(probabilities) == len(targets)
    ):
        classes = probabilities.shape[1]
        samples = tuple(torch.bincount(targets, minlength=classes).tolist())
        right = targets[dense.score > 0.5]
        correct = tuple(torch.bincount(right, minlength=classes).tolist())
    return Baseline(
        samples=len(dense.score),
        score=dense.score.double().mean().item(),
        cross_entropy=None if dense.entropy is None else dense.entropy.double().mean().item(),
        class_samples=samples,
        class_correct=correct,
    )


def _labelled(network: Network, splits: Splits, metric: Metric, batch: int) -> Splits:
    """The same splits with the dense model's predictions as targets."""

    def label(samples: Samples) -> Samples:
        unlabelled = replace(samples, targets=None)
        predicted = evaluate(network.module, unlabelled, metric, batch).predicted
        if predicted is None:
            return samples
        n = len(samples)
        return replace(samples, targets=predicted if len(predicted) == n else predicted.view(n, -1))

    return replace(
        splits,
        calibration=label(splits.calibration),
        validation=label(splits.validation),
        test=label(splits.test),
    )


def _batch(network: Network, most: int) -> int:
    """As many samples as keep the activations within a cache-friendly amount of memory."""
    if network.cost is None or not network.cost.activation_bytes:
        return min(64, most)
    return max(1, min(_CHUNK_BYTES // network.cost.activation_bytes, 500, most))


def state_bytes(state: Mapping[str, Tensor]) -> int:
    """Return the dense bytes of a state dict."""
    return sum(tensor.numel() * tensor.element_size() for tensor in state.values())
