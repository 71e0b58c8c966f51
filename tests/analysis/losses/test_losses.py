"""Losses against torch's own, and which one is the usual of which targets."""

import pytest
import torch
from torch.nn import functional

from prunescope.capture.ragged import Ragged
from prunescope.errors import DataMismatch, UnknownName
from prunescope.losses.registry import REGISTRY
from prunescope.sources.losses import USUAL, load_loss

GENERATOR = torch.Generator().manual_seed(0)
LOGITS = torch.randn(6, 5, generator=GENERATOR)
LABELS = torch.randint(0, 5, (6,), generator=GENERATOR)
REAL = torch.randn(6, 2, generator=GENERATOR)
BITS = (REAL > 0).float()
CLASSES = functional.cross_entropy(LOGITS, LABELS)


def test_the_usual_loss_is_told_by_the_targets() -> None:
    wanted = {
        "classes": (LOGITS, LABELS, CLASSES),
        "values": (REAL, REAL + 1, torch.tensor(1.0)),
        "bits": (REAL, BITS, functional.binary_cross_entropy_with_logits(REAL, BITS)),
        "one logit": (
            REAL[:, :1], BITS[:, 0].long(),
            functional.binary_cross_entropy_with_logits(REAL[:, 0], BITS[:, 0]),
        ),
    }  # fmt: skip
    for outputs, targets, value in wanted.values():
        torch.testing.assert_close(USUAL.value(outputs, targets), value)
    values = load_loss("", has_classes=False).value(REAL, BITS)
    torch.testing.assert_close(values, functional.mse_loss(REAL, BITS))


def test_heads_add_up() -> None:
    outputs = {"kind": LOGITS, "size": REAL, "aside": LOGITS}
    targets = {"kind": LABELS, "size": REAL + 1}
    torch.testing.assert_close(USUAL.value(outputs, targets), CLASSES + 1)
    with pytest.raises(DataMismatch, match="none called 'age' among kind, size"):
        USUAL.value(outputs, {"age": LABELS})


def test_tokens_pixels_and_padding() -> None:
    tokens = LOGITS.view(2, 3, 5)
    padded = LABELS.view(2, 3).clone()
    padded[1, 2] = -100
    wanted = functional.cross_entropy(LOGITS[:5], LABELS[:5])
    torch.testing.assert_close(USUAL.value(tokens, padded), wanted)
    pixels = LOGITS.view(1, 2, 3, 5).movedim(-1, 1)
    void = LABELS.view(1, 2, 3).clone()
    void[0, 1, 2] = 255
    torch.testing.assert_close(USUAL.value(pixels, void), wanted)


def test_those_that_come_with_prunescope_go_by_name() -> None:
    assert REGISTRY.names() == (
        "automatic", "cross-entropy", "binary-cross-entropy", "mse", "mae",
    )  # fmt: skip
    torch.testing.assert_close(load_loss("mae").value(REAL, REAL + 2), torch.tensor(2.0))
    with pytest.raises(UnknownName, match="Closest: mse"):
        load_loss("mes")
    with pytest.raises(DataMismatch, match="targets from 0 to 1"):
        load_loss("binary-cross-entropy").value(REAL, REAL)


def test_boxes_are_matched_whatever_their_order_and_padding() -> None:
    true = torch.tensor([[[0.0, 0, 4, 4], [5, 5, 9, 8]], [[1, 1, 3, 6], [0, 0, 0, 0]]])
    labels = torch.tensor([[0, 2], [1, -1]])
    boxes = torch.rand(2, 6, 4, generator=GENERATOR) + torch.tensor([0.0, 0, 1, 1])
    boxes[0, 3], boxes[0, 1], boxes[1, 5] = true[0, 0], true[0, 1], true[1, 0]
    certain = torch.full((2, 6, 3), -9.0)
    certain[0, 3, 0] = certain[0, 1, 2] = certain[1, 5, 1] = 9.0
    right = {"boxes": boxes, "logits": certain}
    wanted = {"boxes": true, "labels": labels}
    assert float(USUAL.value(right, wanted)) < 1e-6
    ragged = {
        "boxes": Ragged.of([true[0], true[1, :1]]), "labels": Ragged.of([labels[0], labels[1, :1]]),
    }  # fmt: skip
    other = {"boxes": true.flip(1), "labels": labels.flip(1)}
    wrong = {"boxes": boxes, "logits": certain.roll(1, 2)}
    for targets in (wanted, ragged, other):
        torch.testing.assert_close(USUAL.value(right, targets), USUAL.value(right, wanted))
        assert float(USUAL.value(wrong, targets)) > 5
    with pytest.raises(DataMismatch, match=r"labels from 0 to 2 for the loss boxes, but got 3"):
        USUAL.value(right, {"boxes": true, "labels": labels + 1})
    with pytest.raises(DataMismatch, match=r"outputs boxes \(n, k, 4\) and logits"):
        load_loss("boxes", has_classes=False).value(LOGITS, wanted)
