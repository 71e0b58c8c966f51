"""Evaluation and paired comparison against scikit-learn, scipy and numpy."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, rel_entr
from sklearn.metrics import accuracy_score, log_loss
from torch import nn

from prunescope.bench.evaluate import Outcome, compare, evaluate, require_finite
from prunescope.errors import BadValue, DataMismatch
from prunescope.sources.data import Samples
from prunescope.sources.metrics import Metric, load_metric


class Given(nn.Module):
    """Return the rows of a table: a network whose outputs are known."""

    def __init__(self, table):
        super().__init__()
        self.table = table

    def forward(self, index):
        return self.table[index]


def outcome(table, targets, metric=None, batch=7):
    samples = Samples(torch.arange(len(table)), targets)
    return evaluate(Given(table), samples, metric or load_metric("top-1", True), batch)


@pytest.fixture
def tables():
    made = torch.Generator().manual_seed(4)
    dense = torch.randn(83, 6, generator=made) * 3
    pruned = dense + torch.randn(83, 6, generator=made)
    return dense, pruned, torch.randint(0, 6, (83,), generator=made)


def test_every_sum_is_the_reference_s(tables):
    dense, pruned, targets = tables
    found = compare(outcome(dense, targets), outcome(pruned, targets), targets, 6)
    p, q = (np.exp(log_softmax(t.numpy().astype(np.float64), axis=1)) for t in (dense, pruned))
    divergence = rel_entr(p, q).sum(1)
    right = pruned.argmax(1).eq(targets).numpy()
    drop = dense.argmax(1).eq(targets).numpy().astype(float) - right
    entropy = -np.log(q[np.arange(83), targets]) + np.log(p[np.arange(83), targets])
    assert found.samples == 83
    assert found.score_sum == 83 * accuracy_score(targets, pruned.argmax(1))
    assert found.drop_sum == drop.sum()
    assert found.drop_squares == (drop**2).sum()
    assert found.entropy_sum == pytest.approx(entropy.sum(), rel=1e-5)
    assert found.entropy_sum == pytest.approx(
        83 * (log_loss(targets, q, labels=range(6)) - log_loss(targets, p, labels=range(6))),
        rel=1e-4,
    )
    assert found.entropy_squares == pytest.approx((entropy**2).sum(), rel=1e-5)
    assert found.divergence_sum == pytest.approx(divergence.sum(), rel=1e-5)
    assert found.divergence_squares == pytest.approx((divergence**2).sum(), rel=1e-5)
    assert found.agreements == dense.argmax(1).eq(pruned.argmax(1)).sum()
    assert found.nonfinite == 0
    assert found.class_correct == tuple(
        int((right & (targets.numpy() == c)).sum()) for c in range(6)
    )
    assert sum(found.class_correct) == found.score_sum


def test_a_network_compared_with_itself_changes_nothing(tables):
    dense, _, targets = tables
    same = compare(outcome(dense, targets), outcome(dense, targets, batch=50), targets, 6)
    assert same.drop_sum == same.drop_squares == 0
    assert same.entropy_sum == same.entropy_squares == same.divergence_sum == 0
    assert same.agreements == same.samples


def test_an_improvement_is_a_negative_drop(tables):
    """An improvement counted as damage: Vitis AI's absolute threshold."""
    dense, _, targets = tables
    better = nn.functional.one_hot(targets, 6).float()
    found = compare(outcome(dense, targets), outcome(better, targets), targets, 6)
    assert found.drop_sum < 0
    assert found.score_sum == 83


def test_a_baseline_of_0_is_no_division(tables):
    """Baseline 0 divides by zero: PaddleSlim. A drop is absolute."""
    targets = tables[2]
    wrong = nn.functional.one_hot((targets + 1) % 6, 6).float()
    found = compare(outcome(wrong, targets), outcome(wrong, targets), targets, 6)
    assert (found.score_sum, found.drop_sum) == (0, 0)


def test_the_batch_does_not_matter(tables):
    dense, pruned, targets = tables
    found = {
        str(
            compare(outcome(dense, targets, batch=b), outcome(pruned, targets, batch=b), targets, 6)
        )
        for b in (1, 10, 83, 1000)
    }
    assert len(found) == 1


def test_pruned_samples_that_are_not_finite_score_0_and_are_counted(tables):
    dense, pruned, targets = tables
    broken = pruned.clone()
    broken[3, 1] = torch.nan
    broken[5, targets[5]] = torch.inf
    found = compare(outcome(dense, targets), outcome(broken, targets), targets, 6)
    assert found.nonfinite == 2
    rest = torch.ones(83, dtype=torch.bool)
    rest[[3, 5]] = False
    assert found.score_sum == pruned.argmax(1).eq(targets)[rest].sum()
    assert sum(found.class_correct) == found.score_sum
    assert found.agreements <= 81


def test_a_dense_model_that_is_not_finite_is_refused(tables):
    dense, _, targets = tables
    dense[7] = torch.nan
    with pytest.raises(DataMismatch, match="dense model, but 1 of 83 samples give NaN or infinity"):
        require_finite(outcome(dense, targets))


def test_a_metric_that_is_not_finite_counts_as_such(tables):
    dense, _, targets = tables
    nan = Metric("m", lambda o, t: torch.full((len(o),), torch.nan), "m")
    found = outcome(dense, targets, nan)
    assert not found.finite.any()
    assert found.score.tolist() == [0.0] * 83
    with pytest.raises(DataMismatch, match="and the metric"):
        require_finite(found)


def test_a_metric_without_labels_must_still_give_one_score_per_sample(tables):
    two = Metric("m", lambda outputs, targets: torch.ones(2), "m")
    with pytest.raises(BadValue, match="to return 7 scores for 7 samples, but got 2"):
        outcome(tables[0], None, two)


def test_outputs_without_logits_have_no_entropy_and_say_so():
    table = torch.rand(9)
    own = Metric("m", lambda outputs, targets: -(outputs - targets).abs(), "m")
    dense, pruned = (outcome(t, torch.zeros(9), own) for t in (table, table + 1))
    found = compare(dense, pruned, torch.zeros(9), 0)
    assert found.drop_sum == pytest.approx(9.0, rel=1e-6)
    assert np.isnan([found.entropy_sum, found.divergence_sum, found.entropy_squares]).all()
    assert (found.agreements, found.class_correct) == (-1, ())


def test_tokens_are_averaged_within_their_sample():
    made = torch.Generator().manual_seed(2)
    dense, pruned = (torch.randn(5, 4, 3, generator=made) for _ in range(2))
    targets = torch.randint(0, 3, (5, 4), generator=made)
    found = compare(outcome(dense, targets), outcome(pruned, targets), targets, 0)
    right = pruned.argmax(2).eq(targets).double().mean(1)
    assert found.samples == 5
    assert found.score_sum == pytest.approx(right.sum().item(), rel=1e-6)
    p, q = (t.double().log_softmax(2) for t in (dense, pruned))
    kl = (p.exp() * (p - q)).sum(2).mean(1)
    assert found.divergence_sum == pytest.approx(kl.sum().item(), rel=1e-5)


def test_class_counts_are_of_predictions_whatever_the_metric(tables):
    dense, pruned, targets = tables
    top5 = load_metric("top-5", True)
    found = compare(outcome(dense, targets, top5), outcome(pruned, targets, top5), targets, 6)
    assert sum(found.class_correct) == pruned.argmax(1).eq(targets).sum() < found.score_sum


def test_agreement_is_with_the_targets_that_dense_predicted(tables):
    dense, pruned, _ = tables
    metric = load_metric("agreement", False)
    labels = outcome(dense, None, metric).predicted
    assert outcome(dense, None, metric).score.sum() == 83
    found = compare(outcome(dense, labels, metric), outcome(pruned, labels, metric), labels, 6)
    assert found.score_sum == found.agreements == dense.argmax(1).eq(pruned.argmax(1)).sum()


def test_agreement_without_logits_says_what_to_give():
    with pytest.raises(DataMismatch, match=r"Give labels and a metric: --metric"):
        outcome(torch.ones(4), None, load_metric("agreement", False))


def test_nothing_is_traced_for_gradients(tables):
    found = outcome(tables[0].requires_grad_(), tables[2])
    assert not found.score.requires_grad
    assert not found.log_probabilities.requires_grad


def test_picked_samples_keep_their_rows_in_the_order_asked_for():
    log_probabilities = torch.randn(6, 4).log_softmax(1)  # two rows a sample
    whole = Outcome(torch.arange(3.0), torch.tensor([True, False, True]), log_probabilities, None)
    some = whole.picked(torch.tensor([2, 0]))
    assert some.score.tolist() == [2, 0]
    assert some.finite.all()
    assert some.log_probabilities is not None
    assert torch.equal(some.log_probabilities, log_probabilities[[4, 5, 0, 1]])
    assert some.entropy is None
