"""Studies of any size for the pages: captured networks, and rows that are built, not measured.

The network is real: linear layers with ReLU between them, captured by the engine, so that shapes,
groups and multiply-accumulates are what a sweep would have stored. The dense score, the points and
the verified plans are drawn at random, in the format of the real ones: a sweep of 500 layers would
take days. No answers are stored, so the pages predict from sums.
"""

import contextlib
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from prunescope.api.live_bench import open_bench
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import to_json
from prunescope.store.measurements import Measurement, Verification
from prunescope.study import MEASUREMENT_VERSION, Baseline, Manifest
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_count, removed_units, unit_sparsities

WEIGHT_METHODS: Final[tuple[str, ...]] = ("magnitude", "taylor", "wanda", "fisher")
CHANNEL_METHODS: Final[tuple[str, ...]] = ("l1", "taylor")
SPARSITIES: Final = (*(round(0.05 * step, 2) for step in range(1, 20)), 0.98)
CLASSES: Final = 1000
PLANS: Final = 50
VERIFIED: Final = 12
_WIDTH: Final = 24
_SAMPLES: Final = 4000
_SCORE: Final = 0.92


def build(folder: Path, layers: int, classes: int = CLASSES) -> StudyFolder:
    """Make the study of a chain of ``layers`` in ``folder``, with saved and verified plans.

    Args:
        folder: Of the study, which need not exist.
        layers: Linear layers, all of which can be pruned.
        classes: That the last layer tells apart.
    """
    study = _captured(folder, layers, classes)
    per_class = _SAMPLES // classes
    right = tuple(round(_SCORE * per_class) for _ in range(classes))
    dense = Baseline(_SAMPLES, _SCORE, 0.3, (per_class,) * classes, right)
    splits = {"calibration": 256, "validation": _SAMPLES, "test": _SAMPLES}
    study = study.update(replace(study.manifest, baseline=dense, splits=splits))
    random = np.random.default_rng(layers)
    study.measurements.append(list(_points(study.manifest, random, right)))
    plans = [_plan(study.manifest, random, f"plan {place + 1}") for place in range(PLANS)]
    for plan in plans:
        study.save_plan(plan)
    study.verifications.append(
        [_verified(study.manifest, plan, random, right) for plan in plans[:VERIFIED]]
    )
    return study


def _captured(folder: Path, layers: int, classes: int) -> StudyFolder:
    torch.manual_seed(0)
    chain: list[nn.Module] = []
    for _ in range(layers - 1):
        chain += [nn.Linear(_WIDTH, _WIDTH), nn.ReLU()]
    module = nn.Sequential(*chain, nn.Linear(_WIDTH, classes)).eval()
    part = (torch.randn(16, _WIDTH), torch.arange(16) % classes)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")  # that live data are not kept
        _, study = open_bench(
            module, dict.fromkeys(("calibration", "validation", "test"), part), "top-1",
            folder, None, False, 0,
        )  # fmt: skip
    return study


def _points(
    manifest: Manifest, random: np.random.Generator, right: tuple[int, ...]
) -> Iterator[Measurement]:
    """Drops that rise like powers, each layer and method with its own strength and steepness."""
    subjects = [
        (layer.name, "weight", WEIGHT_METHODS, layer.parameters, SPARSITIES)
        for layer in manifest.prunable()
    ]
    subjects += [
        (group.name, group.granularity, CHANNEL_METHODS, group.units,
         unit_sparsities(group.units, SPARSITIES))
        for group in manifest.removable()
    ]  # fmt: skip
    for name, granularity, methods, total, sparsities in subjects:
        strength = 10 ** random.uniform(-2.5, -0.3)
        for method in methods:
            power, own = random.uniform(1.5, 5), strength * random.uniform(0.8, 1.5)
            for value in sparsities:
                weights = granularity == "weight"
                removed = (removed_count if weights else removed_units)(total, value)
                divergence = own * value**power * math.exp(0.1 * random.normal())
                yield Measurement(
                    manifest.fingerprint, MEASUREMENT_VERSION, name, method, granularity, value,
                    "none", 0, removed, total, 4 * (total - removed) if weights else 0,
                    _SAMPLES, _SAMPLES, **_sums(divergence), class_correct=right,
                )  # fmt: skip


def _sums(divergence: float) -> dict[str, Any]:
    """The sums over samples that a mean divergence of so many nats goes with."""
    drop = min(0.5 * divergence, 0.9)
    changed = round(min(1.2 * drop, 1.0) * _SAMPLES)
    lost = round(drop * _SAMPLES)
    nats = 1.1 * divergence
    return {
        "score_sum": _SCORE * _SAMPLES - lost, "drop_sum": float(lost),
        "drop_squares": float(changed), "entropy_sum": nats * _SAMPLES,
        "entropy_squares": 2 * nats**2 * _SAMPLES, "divergence_sum": divergence * _SAMPLES,
        "divergence_squares": 2 * divergence**2 * _SAMPLES, "agreements": _SAMPLES - changed,
        "nonfinite": 0,
    }  # fmt: skip


def _plan(manifest: Manifest, random: np.random.Generator, name: str) -> Plan:
    choices = {}
    layers = manifest.prunable()
    always = random.integers(len(layers))  # an empty plan would be measured once, not again
    for place, layer in enumerate(layers):
        if place == always or random.random() < 0.5:
            method = WEIGHT_METHODS[random.integers(len(WEIGHT_METHODS))]
            choices[layer.name] = Choice(method, round(random.uniform(0.05, 0.6), 2))
    return Plan(name, manifest.fingerprint, choices)


def _verified(
    manifest: Manifest, plan: Plan, random: np.random.Generator, right: tuple[int, ...]
) -> Verification:
    sums = _sums(random.uniform(0.02, 0.4))
    for name in ("entropy_squares", "divergence_squares"):
        del sums[name]
    sizes = {layer.name: layer.parameters for layer in manifest.prunable()}
    removed = sum(
        removed_count(sizes[name], choice.sparsity) for name, choice in plan.active().items()
    )
    return Verification(
        manifest.fingerprint, MEASUREMENT_VERSION, plan.digest, to_json(plan), "validation",
        float("nan"), "", removed, manifest.bytes, _SAMPLES, **sums, class_correct=right,
    )  # fmt: skip
