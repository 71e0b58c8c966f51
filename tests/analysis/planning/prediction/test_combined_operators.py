"""Superposition: laws first, then one case by hand."""

import numpy as np
import pytest

from prunescope.planning.prediction.subject_operator import DenseLogits, Operator, between
from prunescope.planning.prediction.superposition import superposition
from tests.analysis.planning.prediction.invented_study import centred, random_logits

DENSE = random_logits(0)[0].astype(np.float32)
REFERENCE = DenseLogits.of(DENSE)
RANDOM = np.random.default_rng(1)


def operator(scale: float, loud: float = 0.3) -> Operator:
    noise = centred(RANDOM.normal(size=DENSE.shape)) * loud
    return REFERENCE.fit((scale * DENSE + noise).astype(np.float32))


SOME = [operator(0.9), operator(0.7), operator(1.1, 0.1)]


def test_no_operator_is_the_dense_model() -> None:
    np.testing.assert_allclose(superposition(REFERENCE, []), DENSE, atol=1e-5)


def test_operators_that_change_nothing_leave_the_dense_model() -> None:
    same = [REFERENCE.fit(DENSE), REFERENCE.nothing(), REFERENCE.fit(DENSE)]
    np.testing.assert_allclose(superposition(REFERENCE, same), DENSE, atol=1e-3)


@pytest.mark.parametrize("scale", [0.8, 0.01, 0.0, -0.2])
def test_one_operator_gives_back_the_logits_it_was_made_of(scale: float) -> None:
    rows = (scale * DENSE + RANDOM.normal(size=DENSE.shape)).astype(np.float32)
    found = superposition(REFERENCE, [REFERENCE.fit(rows)])
    np.testing.assert_allclose(found, rows, atol=1e-3)


def test_the_order_does_not_matter_to_superposition() -> None:
    one, other = superposition(REFERENCE, SOME), superposition(REFERENCE, SOME[::-1])
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_shrinkage_is_counted_once_per_layer_and_not_added() -> None:
    """Three layers that each halve the logits leave an eighth, not minus a half."""
    logit_operators = [REFERENCE.fit(DENSE / 2)] * 3
    np.testing.assert_allclose(superposition(REFERENCE, logit_operators), DENSE / 8, atol=1e-4)


def test_two_noises_by_hand() -> None:
    """Scales 0.5 and 0.8, noise along a direction that the dense logits do not have."""
    dense = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]], np.float32)
    across = np.array([[0.1, 0.1, -0.2], [0.1, 0.1, -0.2]], np.float32)
    reference = DenseLogits.of(dense)
    logit_operators = [reference.fit(0.5 * dense + across), reference.fit(0.8 * dense + 2 * across)]
    truth = 0.4 * dense + 0.8 * across + 0.5 * 2 * across
    np.testing.assert_allclose(superposition(reference, logit_operators), truth, atol=1e-5)


def test_between_two_points_the_noise_keeps_its_loudness() -> None:
    lower, upper = operator(0.9, 0.2), operator(0.5, 0.6)
    middle = between(lower, upper, 0.5)
    assert middle.loudness == pytest.approx((lower.loudness + upper.loudness) / 2)
    assert np.sqrt((middle.noise**2).mean()) == pytest.approx(middle.loudness, rel=1e-4)
    assert middle.scale == pytest.approx((lower.scale + upper.scale) / 2)
    assert between(lower, upper, 0) is lower
    assert between(lower, upper, 1) is upper
    softer = np.sqrt((((lower.noise + upper.noise) / 2) ** 2).mean())
    assert softer < 0.95 * middle.loudness  # which the plain mean would be


def test_few_samples_get_one_scale_for_all_classes() -> None:
    few = DenseLogits.of(DENSE[:50])
    found = few.fit((0.5 * DENSE[:50]).astype(np.float32))
    np.testing.assert_allclose(found.matrix, 0.5 * np.eye(4), atol=1e-5)
