"""A study whose logits are made by hand: dense and pruned logits, curves and verified plans."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pandas as pd

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.planning.prediction.logit_source import LogitsInMemory, operator_key
from prunescope.statistics.paired import paired_interval
from prunescope.store.json_documents import to_json
from prunescope.store.measurements import Verification
from prunescope.study import Baseline, LayerSummary, Manifest, Method, Reference
from prunescope.study.plan import Choice, Plan
from prunescope.study.point import dense_key

NAMES = ("a", "b", "c")
METHOD = Method("magnitude")


class InventedStudy:
    """Three layers; ``point_logits`` maps (layer, sparsity) to the logits measured there."""

    def __init__(
        self,
        dense: np.ndarray,
        targets: np.ndarray,
        point_logits: Mapping[tuple[str, float], np.ndarray],
        metric: str = "top-1",
        recovery: str = "none",
    ) -> None:
        self.dense, self.targets, self.point_logits = dense, targets, dict(point_logits)
        right = dense.argmax(axis=1) == targets
        self.manifest = Manifest(
            Reference("m", "d", metric), "f", 300, 0, 1200, 100, 1,
            tuple(LayerSummary(n, "linear", n, (10, 10), 100, 50, 1) for n in NAMES),
            baseline=Baseline(
                len(targets), float(right.mean()), None, tuple(np.bincount(targets).tolist()),
                tuple(np.bincount(targets[right], minlength=targets.max() + 1).tolist()),
            ),
        )  # fmt: skip
        self.curves: dict[CurveKey, Curve] = {}
        rows = {dense_key(self.manifest, recovery): dense}
        for name in NAMES:
            key = CurveKey(name, METHOD, recovery)
            own = {s: z for (n, s), z in sorted(self.point_logits.items()) if n == name}
            points = tuple(self.point(s, z) for s, z in own.items())
            if points:
                self.curves[key] = Curve(key, points)
            rows |= {operator_key(self.manifest, key, s): z for s, z in own.items()}
        self.source = LogitsInMemory(rows, targets)

    def point(self, sparsity: float, logits: np.ndarray) -> CurvePoint:
        drops = self.drops(logits)
        interval = paired_interval(len(drops), drops.sum(), (drops**2).sum())
        score = float((logits.argmax(axis=1) == self.targets[: len(logits)]).mean())
        return CurvePoint(sparsity, 1, 2, len(drops), score, interval, 0.1, kl(self.dense, logits))

    def drops(self, logits: np.ndarray) -> np.ndarray:
        n = len(logits)
        before = self.dense[:n].argmax(axis=1) == self.targets[:n]
        return before.astype(float) - (logits.argmax(axis=1) == self.targets[:n])

    def entropy(self, logits: np.ndarray) -> float:
        each = log_softmax(logits)[np.arange(len(logits)), self.targets]
        return float(-each.mean())

    def verified(self, made: Plan, logits: np.ndarray) -> dict[str, object]:
        drops = self.drops(logits)
        right = logits.argmax(axis=1) == self.targets
        correct = np.bincount(self.targets[right], minlength=self.targets.max() + 1)
        row = Verification(
            "f", 1, made.digest, to_json(made), "validation", 0.0, "", 1, 800, len(drops),
            float((1 - drops).sum()), float(drops.sum()), float((drops**2).sum()),
            len(drops) * (self.entropy(logits) - self.entropy(self.dense)),
            len(drops) * kl(self.dense, logits), 9, 0, tuple(correct.tolist()),
        )  # fmt: skip
        return asdict(row)


def plan(**sparsities: float) -> Plan:
    return Plan("p", "f", {name: Choice("magnitude", s) for name, s in sparsities.items()})


def kl(dense: np.ndarray, pruned: np.ndarray) -> float:
    before, after = log_softmax(dense[: len(pruned)]), log_softmax(pruned)
    return float((np.exp(before) * (before - after)).sum(axis=1).mean())


def log_softmax(z: np.ndarray) -> np.ndarray:
    found: np.ndarray = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return found


def centred(rows: np.ndarray) -> np.ndarray:
    return rows - rows.mean(axis=1, keepdims=True)


def random_logits(seed: int, n: int = 600, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are right for about nine samples of ten, centred, and the labels."""
    made = np.random.default_rng(seed)
    targets = made.integers(0, classes, n)
    logits = made.normal(size=(n, classes))
    logits[np.arange(n), targets] += 2.5
    return centred(logits), targets


NOTHING = pd.DataFrame(columns=list(Verification.__dataclass_fields__))
