"""Data from every form of reference; whatever does not fit is refused in a sentence."""

import numpy as np
import pytest
import torch

from prunescope.errors import BadReference, BadValue, DataMismatch, UnknownName
from prunescope.sources.data import Samples, Splits, data_hash
from tests.analysis.sources.loaded import data, lengths


def test_fashion_mnist_has_three_disjoint_splits():
    splits = data("sample:fashion-mnist")
    assert lengths(splits) == [8000, 6000, 10000]
    assert splits.validation.inputs.shape == (6000, 1, 28, 28)
    assert splits.validation.targets.dtype == torch.int64
    assert len(splits.classes) == 10
    seen = [{row.tobytes() for row in splits.named(n).inputs[:1500].numpy()}
            for n in ("calibration", "validation", "test")]  # fmt: skip
    assert len(seen[0] & seen[1]) + len(seen[0] & seen[2]) + len(seen[1] & seen[2]) <= 2


def arrays(count=4, parts=("calibration", "validation", "test"), labels=True, **changes):
    made = {}
    for part in parts:
        made[f"{part}_inputs"] = np.random.default_rng(1).random((count, 3), np.float64)
        if labels:
            made[f"{part}_targets"] = np.arange(count, dtype=np.uint8)
    return made | changes


def test_an_npz(tmp_path):
    np.savez(tmp_path / "d.npz", **arrays())
    splits = data(tmp_path / "d.npz")
    assert lengths(splits) == [4, 4, 4]
    assert splits.test.inputs.dtype == torch.float32
    assert splits.test.targets.dtype == torch.int64
    assert splits.classes == ()


def test_an_npz_of_several_inputs_tokens_and_a_column_of_labels(tmp_path):
    made = {}
    for part in ("calibration", "validation", "test"):
        made[f"{part}_inputs_ids"] = np.zeros((3, 5), np.int32)
        made[f"{part}_inputs_mask"] = np.ones((3, 5), bool)
        made[f"{part}_targets"] = np.zeros((3, 1), np.int16)
    np.savez(tmp_path / "d.npz", **made)
    inputs = data(tmp_path / "d.npz").validation.inputs
    assert {name: (tuple(t.shape), t.dtype) for name, t in inputs.items()} == {
        "ids": ((3, 5), torch.int32),
        "mask": ((3, 5), torch.bool),
    }
    assert data(tmp_path / "d.npz").validation.targets.shape == (3,)


def test_an_npz_without_labels(tmp_path):
    np.savez(tmp_path / "d.npz", **arrays(labels=False))
    assert data(tmp_path / "d.npz").validation.targets is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_targets": np.arange(3)}, "as many targets as inputs, but the lengths are 3, 4"),
        (
            {f"validation_{k}": np.zeros((0, 3)) for k in ("inputs", "targets")},
            "samples in the validation split of .*, but it is empty",
        ),
        ({"test_inputs": np.full((4, 3), np.nan)}, "finite numbers in the test split"),
        (
            {"test_inputs": np.array(["a", "b", "c", "d"])},
            "holds an array of '<U1', not of numbers",
        ),
        ({"test_inputs": np.array([{}, 1, 2, 3], object)}, r"an array of '\|O', not of"),
    ],
)
def test_an_npz_that_does_not_fit(tmp_path, changes, message):
    np.savez(tmp_path / "d.npz", **arrays(**changes))
    with pytest.raises(DataMismatch, match=message):
        data(tmp_path / "d.npz")


def test_an_npz_without_a_split_lists_what_it_holds(tmp_path):
    np.savez(tmp_path / "d.npz", **arrays(parts=("calibration", "validation")))
    with pytest.raises(DataMismatch, match=r"test_inputs .* but it holds calibration_inputs"):
        data(tmp_path / "d.npz")


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04cut", "npy", "cut"])
def test_a_damaged_npz_is_refused(tmp_path, content):
    path = tmp_path / "d.npz"
    if content == "npy":
        np.save(tmp_path / "d.npy", np.ones(3))
        path.write_bytes((tmp_path / "d.npy").read_bytes())
    elif content == "cut":
        np.savez(path, **arrays())
        path.write_bytes(path.read_bytes()[:300])
    else:
        path.write_bytes(content)
    with pytest.raises(DataMismatch, match=r"to hold plain arrays, but got: .*numpy\.savez"):
        data(path)


def function(write, body):
    return f"{write('d.py', 'import numpy as np, torch' + chr(10) + body)}:splits"


def test_a_function_that_returns_pairs(tiny_file):
    splits = data(f"{tiny_file}:splits")
    assert lengths(splits) == [48, 60, 30]
    assert torch.equal(splits.calibration.inputs, data(f"{tiny_file}:splits").calibration.inputs)


@pytest.mark.parametrize(
    ("part", "inputs", "targets"),
    [
        ("np.ones((4, 2))", torch.Tensor, None),
        ("torch.ones(4, 2)", torch.Tensor, None),
        ("{'a': np.ones((4, 2)), 'b': torch.ones(4)}", dict, None),
        ("((torch.ones(4), torch.ones(4)), torch.ones(4).int())", tuple, torch.int64),
        ("(torch.ones(4), np.ones(4, np.uint8))", torch.Tensor, torch.int64),
        ("(torch.ones(4), [0, 1, 2, 3])", torch.Tensor, torch.int64),
        ("(torch.ones(4), torch.ones(4).double())", torch.Tensor, torch.float32),
        ("[torch.ones(4), None]", torch.Tensor, None),
    ],
)
def test_a_function_may_return_many_forms(write, part, inputs, targets):
    body = (
        f"def splits():\n    return dict.fromkeys(('calibration', 'validation', 'test'), {part})\n"
    )
    samples = data(function(write, body)).validation
    assert isinstance(samples.inputs, inputs)
    assert (samples.targets is None) if targets is None else samples.targets.dtype == targets
    assert len(samples) == len(samples.chunk(0, 9)) == 4
    assert len(samples.chunk(1, 3)) == 2


_DATASET = (
    "from torch.utils.data import DataLoader, TensorDataset\n"
    "def pairs(n): return TensorDataset(torch.arange(n).float()[:, None], torch.arange(n))\n"
)


def test_a_function_may_return_datasets_and_loaders(write):
    made = data(function(write, _DATASET + (
        "def splits():\n    return {'calibration': pairs(3), 'validation': pairs(4),"
        " 'test': DataLoader(pairs(5), batch_size=2, shuffle=True)}"
    )))  # fmt: skip
    assert [len(made.named(name)) for name in ("calibration", "validation", "test")] == [3, 4, 5]
    assert made.test.inputs[:, 0].tolist() == made.test.targets.tolist() == [0, 1, 2, 3, 4]


def test_one_dataset_of_a_function_is_cut_in_three(write):
    made = data(function(write, _DATASET + "def splits():\n    return pairs(20)"))
    parts = [made.named(name) for name in ("calibration", "validation", "test")]
    assert [len(part) for part in parts] == [4, 8, 8]
    assert sorted(torch.cat([part.targets for part in parts]).tolist()) == list(range(20))


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("def splits(n):\n    return n", BadReference, "TypeError.*Give its arguments defaults"),
        ("def splits():\n    return 1", BadValue, "to return a dict .* but got int"),
        ("def splits():\n    return {'calibration': 1}", BadValue, "to return a dict"),
        (
            "def splits():\n    return dict.fromkeys(('calibration', 'validation', 'test'), 7)",
            DataMismatch,
            "the calibration inputs of .* to hold tensors, but got",
        ),
        (
            "def splits():\n    return dict.fromkeys(('calibration', 'validation', 'test'),"
            " (torch.ones(2), 'ab'))",
            DataMismatch,
            "targets as a tensor or an array of numbers, but got str",
        ),
        (
            "def splits():\n    return dict.fromkeys(('calibration', 'validation', 'test'),"
            " {'a': torch.ones(2), 'b': torch.ones(3)})",
            DataMismatch,
            "the lengths are 2, 3",
        ),
    ],
)
def test_a_function_that_does_not_fit(write, body, kind, message):
    with pytest.raises(kind, match=message):
        data(function(write, body))


@pytest.mark.parametrize(
    ("reference", "kind", "message"),
    [
        ("sample:mnist", UnknownName, "sample data .* Closest: fashion-mnist"),
        ("fashion", BadReference, "Expected data as sample:fashion-mnist"),
        ("none.npz", BadReference, "but there is no such file"),
        ("imagefolder:/no/such/folder", BadReference, "but there is none"),
        ("imagefolder:.?sise=3", UnknownName, "option of imagefolder .* Closest: size"),
        (
            "imagefolder:.?size=big",
            BadValue,
            r"size to be a whole number of .*, but got 'big'\.",
        ),
    ],
)
def test_unknown_references_say_what_exists(reference, kind, message):
    with pytest.raises(kind, match=message):
        data(reference)


@pytest.mark.parametrize("change", ["input", "target", "order", "test", "name", "labels gone"])
def test_changed_data_has_another_hash(change):
    def splits(inputs, targets, name="a", test=0.0):
        samples = Samples({name: inputs}, targets)
        return Splits(samples, samples, Samples({name: inputs + test}, targets))

    inputs, targets = torch.arange(4.0), torch.arange(4)
    base = data_hash(splits(inputs, targets))
    assert base == data_hash(splits(inputs.clone(), targets.clone()))
    changed = {
        "input": splits(inputs.index_add(0, torch.tensor([1]), torch.tensor([1e-6])), targets),
        "target": splits(inputs, targets.flip(0)),
        "order": splits(inputs.flip(0), targets.flip(0)),
        "test": splits(inputs, targets, test=1.0),
        "name": splits(inputs, targets, "b"),
        "labels gone": splits(inputs, None),
    }
    assert data_hash(changed[change]) != base


def test_an_unknown_split_names_the_closest(tiny_file):
    with pytest.raises(UnknownName, match="split .* Closest: validation"):
        data(f"{tiny_file}:splits").named("valid")


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch calls these kinds experimental
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("x.to_sparse()", "but got a tensor that is sparse_coo"),
        ("x.to_sparse_csr()", "but got a tensor that is sparse_csr"),
        ("torch.quantize_per_tensor(x, 0.1, 0, torch.quint8)", "a tensor that is quantized"),
        ("torch.nested.nested_tensor([x[0], x[1]])", "but got a tensor that is nested"),
        ("x.to('meta')", "is on the meta device, which holds none. Make it on the CPU"),
    ],
)
def test_data_that_is_not_dense_or_not_there(write, change, message):
    path = write(
        "d.py",
        "import torch\n\ndef f():\n    x = torch.ones(2, 3)\n"
        f"    return dict.fromkeys(('calibration', 'validation', 'test'), {change})\n",
    )
    with pytest.raises(DataMismatch, match=message):
        data(f"{path}:f")
