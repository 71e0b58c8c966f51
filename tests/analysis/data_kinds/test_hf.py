"""Datasets of Hugging Face, saved in a folder."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from prunescope.errors import BadReference, DataMismatch, UnknownName
from tests.analysis.sources.loaded import data, lengths

datasets = pytest.importorskip("datasets")


def rows(count: int) -> dict[str, list[object]]:
    made = np.random.default_rng(count)
    pictures = [Image.fromarray(made.integers(0, 256, (12, 12), np.uint8)) for _ in range(count)]
    return {"image": pictures, "label": [place % 3 for place in range(count)]}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "set"
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["a", "b", "c"])}
    )
    datasets.DatasetDict(
        {
            "train": datasets.Dataset.from_dict(rows(20), features=features),
            "test": datasets.Dataset.from_dict(rows(30), features=features),
        }
    ).save_to_disk(folder)
    return folder


def test_pictures_and_classes_are_read(saved: Path) -> None:
    splits = data(f"hf:{saved}?channels=1&size=8&validation=20&test=10", "sample:mlp")
    assert lengths(splits) == [20, 20, 10]
    assert splits.classes == ("a", "b", "c")
    assert splits.validation.inputs.shape[1:] == (1, 8, 8)
    held = torch.cat([splits.validation.inputs, splits.test.inputs])
    assert len({row.numpy().tobytes() for row in held}) == 30


def test_other_columns_are_named(saved: Path) -> None:
    with pytest.raises(UnknownName, match="Closest: label"):
        data(f"hf:{saved}?target=lable", "sample:mlp")


def test_rows_of_tokens_go_to_an_argument(tmp_path: Path) -> None:
    made = {"input_ids": [[1, 2, place] for place in range(9)], "label": [0, 1, 2] * 3}
    one = datasets.Dataset.from_dict(made)
    parts = dict.fromkeys(("train", "validation", "test"), one)
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "d")
    splits = data(f"hf:{tmp_path}/d?argument=input_ids", "sample:mlp")
    assert splits.test.inputs["input_ids"].shape == (9, 3)


def test_rows_of_different_lengths_say_what_to_do(tmp_path: Path) -> None:
    one = datasets.Dataset.from_dict({"input_ids": [[1], [1, 2]], "label": [0, 1]})
    datasets.DatasetDict({"train": one, "test": one}).save_to_disk(tmp_path / "d")
    with pytest.raises(DataMismatch, match=r"Tokenize or pad it with map\(\)"):
        data(f"hf:{tmp_path}/d", "sample:mlp")


def test_a_folder_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(BadReference, match="there is no such folder"):
        data("hf:./nowhere/at/all", "sample:mlp")
