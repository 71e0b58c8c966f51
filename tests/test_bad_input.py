"""What a user can get wrong, through the command line: one sentence, exit code 1, nothing lost.

The list is issue 2's. Each engine error has its own tests beside its module; here is what the
user sees.
"""

import errno
import os
import pickle
import re
import stat

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from prunescope.sources.models import load_model
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.cli.command import Command
from tests.analysis.sources.test_weights import RunsCode
from tests.analysis.store.rows import files


@pytest.fixture
def prunescope(monkeypatch, capsys):
    return Command(monkeypatch, capsys)


@pytest.fixture
def finished(prunescope, tiny, tmp_path):
    """A small study that is done: whatever goes wrong next must leave it as it is."""
    folder = tmp_path / "study"
    result = prunescope(
        "sweep", tiny.model, "--data", tiny.data, "--study", folder, "--sparsities", "0.5"
    )
    assert result.code == 0
    return folder


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--methods", "magnitud"], "'magnitud'. Closest: magnitude"),
        (["--methods", ""], "Expected methods like magnitude,taylor"),
        (["--methods", "magnitude@chanel"], "'chanel'. Closest: channel"),
        (["--layers", "conv,mixx"], "'mixx'. Closest: mix"),
        (["--recovery", "bm"], "'bm'. Closest: bn"),
        (["--seeds", "a"], "Expected seeds like 0 or 0,1,2, but got 'a'"),
        (["--sparsities", "1.5"], "Write a fraction instead of percent: 0.015."),
        (["--sparsities", "-0.5"], "Expected sparsity to be a number from 0 to 1, but got '-0.5'"),
        (["--sparsities", "50"], "Write a fraction instead of percent: 0.5."),
        (["--sparsities", "50%"], "Write a fraction instead of percent: 0.5."),
        (["--sparsities", "10:90:10"], "Write a fraction instead of percent: 0.1."),
        (["--sparsities", "half"], "Write a fraction, such as 0.5 for half of the weights."),
        (["--metric", "top1"], "'top1'. Closest: top-1"),
        (["--metric", "agreement"], "but its metric differ"),
    ],
)
def test_unknown_names_and_wrong_numbers(prunescope, finished, tiny, arguments, sentence):
    before = files(finished)
    given = ["sweep", tiny.model, "--data", tiny.data, "--study", finished, *arguments]
    assert sentence in prunescope.refused(*given)
    assert files(finished) == before


@pytest.mark.parametrize(
    ("model", "data", "sentence"),
    [
        ("sample:resnet21", "sample:fashion-mnist", "'resnet21'. Closest: resnet20"),
        ("resnet20", "sample:fashion-mnist", "For example sample:resnet20."),
        ("{file}:biuld", "{file}:splits", "'biuld'. Closest: build"),
        ("nowhere.py:build", "{file}:splits", "nowhere.py does not exist in"),
        ("{file}:build", "{file}:split", "'split'. Closest: splits"),
        ("{file}:build", "sample:mnist", "'mnist'. Closest: fashion-mnist"),
        ("{file}:build", "none.npz", "but there is no such file"),
        ("{file}:build", "sample:fashion-mnist", "to run on this data, but it raised RuntimeError"),
    ],
)
def test_models_and_data_that_lead_nowhere(prunescope, tiny_file, tmp_path, model, data, sentence):
    model, data = (text.format(file=tiny_file) for text in (model, data))
    refused = prunescope.refused("sweep", model, "--data", data, "--study", tmp_path / "new")
    assert sentence in refused
    assert not (tmp_path / "new").exists()


def test_no_data_and_no_model(prunescope, tiny, tmp_path):
    assert "Add --data" in prunescope.refused("sweep", tiny.model, "--study", tmp_path / "new")
    refused = prunescope.refused("sweep", "--study", tmp_path / "new")
    assert "prunescope sweep MODEL --data DATA --study FOLDER" in refused
    assert "Make one: prunescope sweep" in prunescope.refused("show", tmp_path / "new")


def test_labels_that_do_not_fit(prunescope, tiny_file, tmp_path):
    made = {}
    for part in ("calibration", "validation", "test"):
        made[f"{part}_inputs"] = np.zeros((4, 1, 6, 6), np.float32)
        made[f"{part}_targets"] = np.array([0, 1, 2, 3])
    np.savez(tmp_path / "d.npz", **made)
    given = ["sweep", f"{tiny_file}:build", "--data", tmp_path / "d.npz", "--study", tmp_path / "s"]
    assert "labels from 0 to 2 for outputs with 3 classes" in prunescope.refused(*given)
    np.savez(tmp_path / "d.npz", **made | {"validation_targets": np.array([0, 1, 2])})
    assert "as many targets as inputs, but the lengths are 3, 4" in prunescope.refused(*given)
    empty = {"validation_inputs": np.zeros((0, 1, 6, 6)), "validation_targets": np.zeros(0, int)}
    np.savez(tmp_path / "d.npz", **made | empty)
    assert "samples in the validation split" in prunescope.refused(*given)


def test_nan_outputs_of_the_dense_model(prunescope, tiny, tmp_path):
    state = load_model(tiny).state_dict()
    state["head.bias"][0] = torch.nan
    save_file(state, tmp_path / "w.safetensors")
    refused = prunescope.refused(
        "sweep", tiny.model, "--data", tiny.data, "--weights", tmp_path / "w.safetensors",
        "--study", tmp_path / "s",
    )  # fmt: skip
    assert "60 of 60 samples give NaN or infinity. Check the weights" in refused


def test_an_uncapturable_model_still_sweeps_and_says_why(prunescope, tiny_file, tmp_path):
    text = tiny_file.read_text().replace(
        "        x = self.conv(x).relu()\n",
        "        x = self.conv(x).relu()\n        if x.sum() < 0:\n            return x\n",
    )
    tiny_file.write_text(text)
    model, data = f"{tiny_file}:build", f"{tiny_file}:splits"
    given = ["sweep", model, "--data", data, "--study", tmp_path / "s", "--sparsities", "0.5"]
    assert prunescope(*given).code == 0
    study = StudyFolder.open(tmp_path / "s")
    assert len(study.measured()) == 3
    assert "torch.export can capture" in study.manifest.capture_problem
    inspected = prunescope("inspect", model, "--data", data)
    assert "Weight sparsities can still be swept" in " ".join(inspected.out.split())
    assert "torch.export can capture" in prunescope.refused(*given, "--methods", "l1@channel")


@pytest.mark.parametrize("part", ["weights", "data"])
def test_a_study_made_from_something_else(prunescope, finished, tiny, tmp_path, part):
    before = files(finished)
    given = ["sweep", tiny.model, "--data", tiny.data, "--study", finished]
    if part == "weights":
        state = {name: t * 1.01 for name, t in load_model(tiny).state_dict().items()}
        save_file(state, tmp_path / "w.safetensors")
        given += ["--weights", tmp_path / "w.safetensors"]
    else:
        other = tmp_path / "other.py"
        source = tmp_path / "tiny.py"
        other.write_text(source.read_text().replace("manual_seed(7)", "manual_seed(8)"))
        given[3] = f"{other}:splits"
    refused = prunescope.refused(*given)
    assert f"but its {part} differ: it was made from" in refused
    assert "Choose another folder with --study" in refused
    assert files(finished) == before


def test_a_plan_for_other_weights(prunescope, finished, tmp_path):
    from prunescope.store.json_documents import write_document

    write_document(tmp_path / "p.json", Plan("p", "other", {"mix": Choice("magnitude", 0.5)}))
    for command in ("verify", "export", "finetune"):
        refused = prunescope.refused(command, finished, tmp_path / "p.json")
        assert "Expected plan 'p' to be made for this study's weights and data" in refused


def test_a_damaged_parquet_file_is_reported_and_measured_again(prunescope, finished, tiny):
    (path,) = (finished / "measurements").glob("*.parquet")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    result = prunescope("sweep", "--study", finished, "--sparsities", "0.5")
    assert result.code == 0
    assert "3 points measured, 0 known before" in result.err
    assert f"Set aside because it was damaged: {path.name}.damaged" in result.err
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b'{"reference": 3}'])
def test_a_damaged_study_file(prunescope, finished, tiny, content):
    kept = files(finished / "measurements")
    (finished / "study.json").write_bytes(content)
    for given in (
        ["show", finished],
        ["sweep", "--study", finished],
        ["sweep", tiny.model, "--data", tiny.data, "--study", finished],
    ):
        assert "Restore the file or make it anew." in prunescope.refused(*given)
    assert files(finished / "measurements") == kept


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "but the disk is full. Free some space and run the same command again"),
        (errno.EROFS, "but the disk is read-only. Choose another folder and run the same command"),
    ],
)
def test_a_full_or_read_only_disk_loses_nothing(
    prunescope, finished, tiny, monkeypatch, number, sentence
):
    before, plain, writes = files(finished), os.fsync, []

    def refuse(descriptor):
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return plain(descriptor)
        writes.append(1)
        if len(writes) == 2:
            raise OSError(number, os.strerror(number))
        return plain(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", refuse)
        asked = ("--study", finished, "--sparsities", "0.5,0.6", "--no-screen")
        refused = prunescope.refused("sweep", *asked)
    assert sentence in refused
    assert before.items() <= files(finished).items()
    result = prunescope("sweep", "--study", finished, "--sparsities", "0.5,0.6")
    measured, known = map(int, re.findall(r"(\d+) points measured, (\d+) known", result.err)[0])
    assert measured + known == 6
    assert known >= 3  # what stood before; writes are batched, so the refused one is made again


def test_a_study_where_a_file_is(prunescope, tiny, tmp_path):
    (tmp_path / "file").write_text("mine")
    refused = prunescope.refused(
        "sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "file"
    )
    assert "run the same command again" in refused
    assert (tmp_path / "file").read_text() == "mine"


def test_a_pickle_offered_as_weights_does_not_run(prunescope, tiny, tmp_path):
    proof = tmp_path / "it-ran"
    (tmp_path / "w.pt").write_bytes(pickle.dumps({"a": RunsCode(proof)}))
    for name in ("w.pt", "w.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps({"a": RunsCode(proof)}))
        refused = prunescope.refused(
            "sweep", tiny.model, "--data", tiny.data, "--weights", tmp_path / name,
            "--study", tmp_path / "s",
        )  # fmt: skip
        assert "Expected" in refused
        assert not proof.exists()


def test_damaged_and_foreign_safetensors(prunescope, tiny, tmp_path):
    given = [
        "sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "s",
        "--weights", tmp_path / "w.safetensors",
    ]  # fmt: skip
    assert "but there is no such file" in prunescope.refused(*given)
    state = load_model(tiny).state_dict()
    save_file(state, tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(content[:-10])
    assert "Download or save it again." in prunescope.refused(*given)
    save_file({"other": torch.ones(2)}, tmp_path / "w.safetensors")
    refused = prunescope.refused(*given)
    assert "6 are missing (first conv.bias (4,); nearest in the file: other (2,))" in refused
