"""Metrics against scikit-learn; logits found in whatever a model returns."""

import numpy as np
import pytest
import torch
from sklearn.metrics import top_k_accuracy_score

from prunescope.errors import BadReference, BadValue, DataMismatch, UnknownName
from prunescope.metrics.class_rows import logits, rows_per_sample
from prunescope.sources.metrics import load_metric


@pytest.mark.parametrize(("name", "k"), [("top-1", 1), ("top-5", 5)])
def test_top_k_is_scikit_learn_s(name, k):
    made = torch.Generator().manual_seed(0)
    outputs = torch.randn(200, 12, generator=made)
    targets = torch.randint(0, 12, (200,), generator=made)
    scores = load_metric(name, True).score(outputs, targets)
    assert scores.shape == (200,)
    expected = top_k_accuracy_score(targets, outputs, k=k, labels=range(12))
    assert scores.mean().item() == pytest.approx(expected)


def test_top_5_of_three_classes_is_all():
    assert (
        load_metric("top-5", True).score(torch.randn(4, 3), torch.arange(4) % 3).tolist() == [1] * 4
    )


def test_ties_are_broken_as_predictions_are():
    outputs = torch.zeros(3, 40)
    outputs[1, 7:] = 1.0
    right = load_metric("top-1", True).score(outputs, outputs.argmax(1))
    assert right.tolist() == [1, 1, 1]


def test_outputs_that_are_not_finite_are_never_right():
    outputs = torch.tensor([[3.0, torch.nan], [torch.inf, 0.0], [1.0, 0.0]])
    assert load_metric("top-1", True).score(outputs, torch.tensor([0, 0, 0])).tolist() == [0, 0, 1]


def test_tokens_and_pixels_score_the_mean_of_their_rows():
    tokens = torch.eye(4)[None, :, :].repeat(2, 1, 1)  # (2, 4 tokens, 4 classes)
    targets = torch.tensor([[0, 1, 2, 3], [0, 0, 0, 3]])
    assert load_metric("top-1", True).score(tokens, targets).tolist() == [1.0, 0.5]
    pixels = torch.zeros(1, 3, 2, 2)
    pixels[0, 2] = 1.0
    marks = torch.tensor([[[2, 2], [2, 0]]])
    assert load_metric("top-1", True).score(pixels, marks).tolist() == [0.75]


@pytest.mark.parametrize(
    ("outputs", "shape"),
    [
        (torch.ones(5, 3), (5, 3)),
        ({"loss": torch.ones(()), "logits": torch.ones(5, 3)}, (5, 3)),
        ({"out": torch.ones(5, 3, 2, 2), "aux": torch.ones(5, 3)}, (20, 3)),
        ((torch.ones(5, 3), torch.ones(5, 7)), (5, 3)),
        ({"scores": torch.ones(5, 4)}, (5, 4)),
        (torch.ones(5, 6, 3), (30, 3)),
        (torch.ones(5, 1, 3), (5, 3)),
    ],
)
def test_logits_are_found(outputs, shape):
    assert tuple(logits(outputs).shape) == shape


@pytest.mark.parametrize(
    "outputs",
    [torch.ones(5), torch.ones(5, 1), torch.ones(5, 3).long(), torch.ones(5, 1, 4, 4), {}, None],
)
def test_what_is_no_logits_is_none(outputs):
    assert logits(outputs) is None


def test_rows_per_sample_is_a_mean():
    assert rows_per_sample(torch.arange(6), 3).tolist() == [0.5, 2.5, 4.5]


def test_without_labels_agreement_takes_over():
    for name in ("top-1", "top-5", "agreement"):
        metric = load_metric(name, labelled=False)
        assert (metric.name, metric.relative) == ("agreement", True)
    assert load_metric("agreement", labelled=True).relative
    assert not load_metric("top-1", labelled=True).relative


def test_an_unknown_metric_names_the_closest():
    with pytest.raises(UnknownName, match=r"metric .* 'top1'\. Closest: top-1"):
        load_metric("top1", True)


@pytest.mark.parametrize(
    ("outputs", "targets", "message"),
    [
        (torch.ones(3), torch.zeros(3).long(), r"class logits \(n, classes\) for top-1"),
        (torch.ones(3, 4), torch.zeros(3), r"as integers for top-1, but got torch\.float32"),
        (torch.ones(3, 4), torch.zeros(2).long(), "Expected 3 labels .* but got 2"),
        (torch.ones(3, 4), torch.tensor([0, 4, 1]), "from 0 to 3 .* but got 0 to 4"),
        (torch.ones(3, 4), torch.tensor([0, -1, 1]), "from 0 to 3 .* but got -1 to 1"),
    ],
)
def test_labels_that_do_not_fit_say_how(outputs, targets, message):
    with pytest.raises(DataMismatch, match=message):
        load_metric("top-1", True).score(outputs, targets)


METRICS = """
import torch

def good(outputs, targets):
    return -(outputs[:, 0] - targets).abs()

def averaged(outputs, targets):
    return good(outputs, targets).mean()

def wide(outputs, targets):
    return outputs

def number(outputs, targets):
    return 0.5

def broken(outputs, targets):
    return outputs["nothing"]
"""


def test_a_metric_of_one_s_own(write):
    path = write("m.py", METRICS)
    metric = load_metric(f"{path}:good", True)
    assert metric.score(torch.ones(2, 1), torch.tensor([1.0, 3.0])).tolist() == [0.0, -2.0]
    assert metric.name == f"{path}:good"
    assert not metric.relative


@pytest.mark.parametrize(
    ("name", "got"), [("averaged", r"\(\)"), ("wide", r"\(2, 1\)"), ("number", "float")]
)
def test_a_metric_that_averages_is_refused(write, name, got):
    path = write("m.py", METRICS)
    message = rf"one score per sample, .* \(2,\), but got {got}\. Do not average"
    with pytest.raises(BadValue, match=message):
        load_metric(f"{path}:{name}", True).score(torch.ones(2, 1), torch.ones(2))


def test_a_metric_that_raises_is_named(write):
    path = write("m.py", METRICS)
    with pytest.raises(
        BadReference, match=r"broken to score the outputs, but it raised IndexError"
    ):
        load_metric(f"{path}:broken", True).score(torch.ones(2, 1), torch.ones(2))


def test_an_edited_metric_is_another_one(tmp_path):
    found = set()
    for folder, text in (("a", METRICS), ("b", METRICS + "\n# changed\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(text)
        found.add(load_metric(f"{tmp_path / folder}/m.py:good", True).identity)
    assert len(found) == 2


def test_numpy_targets_are_fine():
    metric = load_metric("top-1", True)
    assert metric.score(torch.eye(3), np.array([0, 1, 0])).tolist() == [1, 1, 0]
