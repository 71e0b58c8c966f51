"""Preview: exact counts and bytes, checked against real tensors that are really encoded."""

import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.planning.preview import Preview, preview, sparse_bytes
from prunescope.statistics.paired import Interval
from prunescope.study import LayerSummary, Manifest, Method, Reference
from prunescope.study.plan import Choice, Plan

MANIFEST = Manifest(
    Reference("m", "d"), "f", parameters=1110, buffers=0, bytes=4440, macs=21_000,
    activation_bytes=1,
    layers=(
        LayerSummary("conv", "conv2d", "conv.weight", (10, 1, 3, 3), 90, 9_000, 1),
        LayerSummary("table", "add", "table", (10, 10), 100, 0, 1, False, "a table"),
        LayerSummary("head", "linear", "head.weight", (10, 100), 1000, 12_000, 1),
    ),
)  # fmt: skip


def plan(**sparsities: float) -> Plan:
    return Plan("p", "f", {name: Choice("magnitude", s) for name, s in sparsities.items()})


def curve(subject: str, sizes: dict[float, int], **changes: Any) -> dict[CurveKey, Curve]:
    key = CurveKey(subject, Method("magnitude"), **changes)
    still = Interval(0.0, 0.0, 0.0)
    points = tuple(CurvePoint(s, 1, 10, 5, 0.9, still, 0, 0, b) for s, b in sizes.items())
    return {key: Curve(key, points)}


def test_an_empty_plan_changes_nothing() -> None:
    assert preview(MANIFEST, plan(), {}) == Preview(
        (), {}, 1110, 0, 1110, 4440, 4440, 4440, True, 21_000, 21_000
    )
    assert preview(MANIFEST, plan(conv=0.0), {}) == preview(MANIFEST, plan(), {})


def test_counts_are_exact() -> None:
    found = preview(MANIFEST, plan(conv=0.5, head=0.9), {})
    assert (found.removed, found.kept) == (45 + 900, 1110 - 945)
    assert found.dense_bytes == 4440  # zeros are stored
    assert found.sparse_bytes == 4440 - 360 - 4000 + (12 + 45 * 4) + (125 + 100 * 4)
    assert found.macs == 21_000
    assert found.nonzero_macs == 21_000 - 4_500 - 10_800


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_more_pruning_never_costs_more(values: list[float]) -> None:
    low, high = sorted(values)
    before, after = preview(MANIFEST, plan(head=low), {}), preview(MANIFEST, plan(head=high), {})
    assert after.kept <= before.kept <= 1110
    assert after.sparse_bytes <= before.sparse_bytes <= 4440
    assert after.nonzero_macs <= before.nonzero_macs


def test_the_sparse_encoding_is_as_long_as_it_is_when_written() -> None:
    generator = np.random.default_rng(0)
    for removed in (0, 3, 500, 999, 1000):
        values = generator.normal(size=1000).astype(np.float32)
        values[:removed] = 0
        written = np.packbits(values != 0).tobytes() + values[values != 0].tobytes()
        assert sparse_bytes(1000, removed, 4) == min(len(written), values.nbytes)


def test_a_small_sparsity_is_stored_dense() -> None:
    assert preview(MANIFEST, plan(head=0.01), {}).sparse_bytes == 4440


def test_compressed_bytes_are_exact_where_they_were_measured() -> None:
    weight = np.random.default_rng(1).normal(size=1000).astype(np.float32)
    weight[:500] = 0
    size = len(zlib.compress(weight.tobytes(), 6))
    found = preview(MANIFEST, plan(head=0.5), curve("head", {0.3: 3000, 0.5: size}))
    assert found.compressed_measured
    assert found.compressed_bytes == 4440 - 4000 + size


def test_compressed_bytes_between_points_are_interpolated_and_said_to_be() -> None:
    found = preview(MANIFEST, plan(head=0.4), curve("head", {0.3: 3000, 0.5: 2000}))
    assert not found.compressed_measured
    assert found.compressed_bytes == 440 + 2500
    below = preview(MANIFEST, plan(head=0.15), curve("head", {0.3: 3000}))
    assert below.compressed_bytes == 440 + 3500
    above = preview(MANIFEST, plan(head=0.75), curve("head", {0.5: 2000}))
    assert above.compressed_bytes == 440 + 1000


def test_without_measurements_compression_is_a_guess_and_said_to_be() -> None:
    found = preview(MANIFEST, plan(head=0.5), {})
    assert not found.compressed_measured
    assert found.compressed_bytes == 440 + 2000


def test_size_is_taken_from_any_recovery_for_it_leaves_the_weights_alone() -> None:
    from dataclasses import replace

    wanted = replace(plan(head=0.5), recovery="bn")
    assert preview(MANIFEST, wanted, curve("head", {0.5: 2000})).compressed_measured


def test_half_precision_counts_two_bytes() -> None:
    from dataclasses import replace

    half = replace(MANIFEST, bytes=2220)
    assert preview(half, plan(head=0.5), {}).sparse_bytes == 220 + 125 + 500 * 2


@pytest.mark.parametrize("sparsity", [0.0, 1.0])
def test_the_ends(sparsity: float) -> None:
    found = preview(MANIFEST, plan(conv=sparsity, head=sparsity), {})
    assert found.removed == (0 if sparsity == 0 else 1090)
    assert found.sparsity == found.removed / 1110
