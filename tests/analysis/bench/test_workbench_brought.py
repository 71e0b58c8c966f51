"""Data and programs that users bring: what fits, and what is refused in one sentence."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from prunescope.bench.workbench import prepare
from prunescope.errors import DataMismatch
from prunescope.study import Reference

DATA = """
import torch
from torch import nn

def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 3))

def nan():
    net = build()
    nn.init.constant_(net[1].weight, float("nan"))
    return net

def flat():
    return nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))

def splits(labels=(0, 1, 2), calibration=(0, 1, 2), test=(0, 1, 2), shape=(4,)):
    def part(targets):
        inputs = torch.arange(3.0 * 4).view(3, *shape) / 12
        return inputs, None if targets is None else torch.tensor(targets)
    return {"calibration": part(calibration), "validation": part(labels), "test": part(test)}

def too_high():
    return splits(labels=(0, 1, 3))

def floats():
    return splits(labels=(0.0, 1.0, 2.0))

def calibration_too_high():
    return splits(calibration=(0, 1, 7))

def test_too_high():
    return splits(test=(0, 1, 7))

def calibration_unlabelled():
    return splits(calibration=None)

def columns():
    return splits(labels=((0,), (1,), (2,)))

def wide():
    return splits(labels=((0, 1), (1, 1), (2, 1)))

def wrong_shape():
    return splits(shape=(2, 2, 1))

def empty():
    made = splits()
    made["validation"] = (torch.ones(0, 4), torch.ones(0).long())
    return made
"""


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        ("build", "too_high", r"labels from 0 to 2 for outputs with 3 classes, but got 0 to 3"),
        ("build", "floats", r"class labels as integers for top-1, but got torch\.float32"),
        ("build", "wide", r"Expected 3 labels for outputs of this shape, but got 6"),
        ("build", "calibration_too_high", "from 0 to 2 .* but got 0 to 7"),
        ("build", "test_too_high", "from 0 to 2 .* but got 0 to 7"),
        ("build", "calibration_unlabelled", "labels in every split, but calibration has none"),
        ("build", "empty", "samples in the validation split of .*, but it is empty. Add some"),
        (
            "nan",
            "splits",
            "dense model, but 3 of 3 samples give NaN or infinity. Check the weights",
        ),
        ("flat", "splits", r"class logits .* Name your own metric: --metric"),
    ],
)
def test_data_that_does_not_fit_is_refused(write, model, data, message):
    path = write("d.py", DATA)
    with pytest.raises(DataMismatch, match=message):
        prepare(Reference(f"{path}:{model}", f"{path}:{data}"))


def test_a_column_of_labels_and_another_shape_that_fits_are_fine(write):
    path = write("d.py", DATA)
    plain = prepare(Reference(f"{path}:build", f"{path}:splits")).manifest.baseline
    for data in ("columns", "wrong_shape"):
        assert prepare(Reference(f"{path}:build", f"{path}:{data}")).manifest.baseline == plain


def test_gradient_criteria_take_the_loss_that_fits_the_targets(write):
    path = write(
        "d.py", DATA + "\ndef near(outputs, targets):\n    return -(outputs - targets).abs()\n"
    )
    bench = prepare(Reference(f"{path}:flat", f"{path}:floats", f"{path}:near"))
    reasons = {method.name: method.reason for method in bench.manifest.methods}
    assert reasons["taylor"] is None
    assert reasons["magnitude"] is None
    assert bench.manifest.baseline.cross_entropy is None


def test_a_program_of_fixed_batch_says_what_to_do(tmp_path, write):
    path = write("d.py", DATA)

    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            return self.fc(x.view(len(x) * 2, 2).view(len(x), 4))

    program = torch.export.export(Fixed().eval(), (torch.ones(2, 4),))
    torch.export.save(program, tmp_path / "m.pt2")
    reference = Reference(str(tmp_path / "m.pt2"), f"{path}:splits")
    with pytest.raises(DataMismatch, match=r"batch of \d samples, .* dynamic batch dimension"):
        prepare(reference)


def test_a_program_is_studied_like_the_model(tmp_path, write):
    path = write("d.py", DATA)
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3)).eval()
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    batch = torch.export.Dim("batch")
    program = torch.export.export(net, (torch.ones(2, 4),), dynamic_shapes=({0: batch},))
    torch.export.save(program, tmp_path / "m.pt2")
    found = prepare(Reference(str(tmp_path / "m.pt2"), f"{path}:splits"))
    poured = prepare(
        Reference(f"{path}:build", f"{path}:splits", weights=str(tmp_path / "w.safetensors"))
    )
    assert found.manifest.capture_problem is None
    assert found.manifest.baseline == poured.manifest.baseline
    assert [layer.name for layer in found.manifest.layers] == ["1"]
    assert found.manifest.layers == poured.manifest.layers
