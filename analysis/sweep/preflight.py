"""What a sweep is going to cost, said before it starts. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.store.logits import point_bytes
from analysis.study import Manifest
from analysis.sweep.points import Point


@dataclass(frozen=True)
class Preflight:
    """A sweep's cost when every point is evaluated on every sample.

    Attributes:
        points: Points to measure.
        samples: Evaluations of one sample by one pruned network.
        macs: Multiply-accumulates of the plain loop, which runs the whole network for each.
        suffix_macs: Multiply-accumulates behind the pruned layers alone: what replay cannot spare,
            by the layers' order.
        logit_bytes: Most that the stored logits take.
    """

    points: int
    samples: int
    macs: int
    suffix_macs: int
    logit_bytes: int

    def seconds(self, rate: float, replayed: bool) -> float:
        """Return how long it takes where the dense network does ``rate`` samples per second."""
        share = self.suffix_macs / self.macs if replayed and self.macs else 1.0
        return self.samples * share / rate


def preflight(manifest: Manifest, todo: Sequence[Point]) -> Preflight:
    """Return the cost of evaluating ``todo`` from the first sample to the last."""
    population = manifest.splits.get("validation", 0)
    after: dict[str, int] = {}
    left = sum(layer.macs for layer in manifest.layers)
    for layer in manifest.layers:
        after.setdefault(layer.name, left)
        left -= layer.macs
    shares = [after.get(point.subject, manifest.macs) for point in todo]
    classes = len(manifest.baseline.class_samples) if manifest.baseline else 0
    each = point_bytes(population, classes) if classes else 0
    return Preflight(
        len(todo), len(todo) * population, len(todo) * population * manifest.macs,
        population * sum(shares), len(todo) * each,
    )  # fmt: skip
