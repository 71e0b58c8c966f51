"""Networks on paper for the solver: shapes, coupled groups and curves, without any weights."""

import math
from collections.abc import Sequence

import numpy as np

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.statistics.paired import Interval
from prunescope.study import (
    GroupSummary,
    LayerSummary,
    MacTerm,
    Manifest,
    MemberSummary,
    Method,
    Reference,
    TensorSummary,
)
from prunescope.study.removed_counts import removed_count, unit_sparsities


def chain(widths: Sequence[int], stage: int = 0, positions: int = 16) -> Manifest:
    """Return a chain of 3x3 convolutions ``widths[0] → widths[1] → …``; its outputs stay.

    Args:
        widths: Channels, the input's first.
        stage: When above 0, every so many layers write to one residual stream, so that their
            outputs (of one width) are one group, which some weights then have twice.
        positions: Multiply-accumulates per weight.
    """
    layers, tensors, terms = [], [], []
    producers: dict[int, list[int]] = {}
    stream: dict[int, int] = {}
    for place in range(len(widths) - 1):
        shape = (widths[place + 1], widths[place], 3, 3)
        name = f"conv{place}"
        size = math.prod(shape)
        layers.append(
            LayerSummary(name, "conv2d", f"{name}.weight", shape, size, positions * size, 4)
        )
        tensors += [
            TensorSummary(f"{name}.weight", shape, 4),
            TensorSummary(f"{name}.bias", shape[:1], 4),
        ]
        terms.append(MacTerm(positions * size, f"{name}.weight"))
        home = place
        if stage and place % stage == 0 and place:
            previous = stream.get(widths[place + 1])
            home = place if previous is None else previous
        if stage and place % stage == 0:
            stream.setdefault(widths[place + 1], home)
        producers.setdefault(home, []).append(place)
    groups = []
    last = len(widths) - 2
    for home, members in producers.items():
        if last in members:
            continue
        found = []
        for place in members:
            found += [
                MemberSummary(f"conv{place}.weight", f"conv{place}", 0, "producer", 1),
                MemberSummary(f"conv{place}.bias", f"conv{place}", 0, "producer", 1),
                MemberSummary(f"conv{place + 1}.weight", f"conv{place + 1}", 1, "consumer", 1),
            ]
        groups.append(GroupSummary(f"conv{home}", "channel", widths[members[0] + 1], tuple(found)))
    parameters = sum(math.prod(tensor.shape) for tensor in tensors)
    return Manifest(
        Reference("paper", "paper"), "paper", parameters, 0, 4 * parameters,
        sum(term.macs for term in terms), 4, tuple(layers), tuple(groups),
        tensors=tuple(tensors), mac_terms=tuple(terms),
    )  # fmt: skip


def curves_of(
    manifest: Manifest,
    methods: Sequence[str],
    sparsities: Sequence[float],
    seed: int = 0,
    granularity: str = "weight",
    noise: float = 0.1,
) -> dict[CurveKey, Curve]:
    """Return curves that rise about like powers, each with its own strength and steepness."""
    random = np.random.default_rng(seed)
    grouped = granularity != "weight"
    subjects = (
        [(group.name, group.units) for group in manifest.removable()]
        if grouped
        else [(layer.name, layer.parameters) for layer in manifest.prunable()]
    )
    found = {}
    for name, total in subjects:
        strength = 10 ** random.uniform(-2, 0)
        for method in methods:
            power, own = random.uniform(1.5, 5), strength * random.uniform(0.8, 1.5)
            values = unit_sparsities(total, sparsities) if grouped else sparsities
            points = []
            for value in values:
                kl = own * value**power * math.exp(noise * random.normal())
                drop = min(0.5 * kl, 0.9)
                removed = removed_count(total, value)
                if removed:
                    points.append(
                        CurvePoint(
                            value, removed, total, 1000, 0.9 - drop,
                            Interval(drop, drop - 0.01, drop + 0.01), 1.1 * kl, kl,
                            int(0 if grouped else 4 * total * (1 - 0.9 * value)),
                        )
                    )  # fmt: skip
            key = CurveKey(name, Method(method, granularity))
            found[key] = Curve(key, tuple(points))
    return found
