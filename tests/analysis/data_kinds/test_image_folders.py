"""Folders of images: split, preprocessed as the model wants, refused where they do not fit."""

import time

import numpy as np
import pytest
import torch
from PIL import Image

from prunescope.errors import DataMismatch
from prunescope.sources.data import data_hash
from tests.analysis.sources.loaded import data, lengths


def images(folder, classes=("cat", "dog"), count=6, side=20):
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            pixels = np.full((side, side + index, 3), 40 * number + index, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index}.png")


PREPROCESS = """
import torch
from torch import nn
from torchvision.transforms import v2

def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))

build.preprocess = v2.Compose(
    [v2.ToImage(), v2.Resize((8, 8)), v2.ToDtype(torch.float32, scale=True)]
)
"""


def test_a_folder_of_images_with_the_model_s_own_preprocessing(tmp_path, write):
    images(tmp_path / "d", count=20)
    splits = data(f"imagefolder:{tmp_path}/d", f"{write('m.py', PREPROCESS)}:build")
    assert splits.classes == ("cat", "dog")
    assert splits.validation.inputs.shape[1:] == (3, 8, 8)
    assert sum(lengths(splits)) == 40
    assert min(lengths(splits)) >= 8
    assert set(splits.validation.targets.tolist()) == {0, 1}
    values = splits.validation.inputs.mean((1, 2, 3)) * 255
    assert ((values >= 39).long() == splits.validation.targets).all()


def test_one_tree_is_cut_into_disjoint_splits_the_same_each_time(tmp_path, write):
    images(tmp_path / "d", count=20)
    model = f"{write('m.py', PREPROCESS)}:build"
    reference = f"imagefolder:{tmp_path}/d?calibration=5&validation=7&test=6"
    splits = data(reference, model)
    assert lengths(splits) == [5, 7, 6]
    every = torch.cat([splits.named(n).inputs for n in ("calibration", "validation", "test")])
    assert len({row.numpy().tobytes() for row in every}) == 18
    assert data_hash(splits) == data_hash(data(reference, model))


@pytest.mark.parametrize(
    ("names", "third"), [(("train", "val"), 6), (("calibration", "validation", "test"), 12)]
)
def test_folders_per_split(tmp_path, write, names, third):
    for name in names:
        images(tmp_path / "d" / name)
    splits = data(f"imagefolder:{tmp_path}/d", f"{write('m.py', PREPROCESS)}:build")
    assert splits.classes == ("cat", "dog")
    assert lengths(splits) == [12, third, third]


def test_images_for_a_torchvision_model_use_its_transform(tmp_path):
    images(tmp_path / "d", count=3)
    splits = data(f"imagefolder:{tmp_path}/d", "torchvision:squeezenet1_1")
    assert splits.test.inputs.shape[1:] == (3, 224, 224)


def test_images_without_any_preprocessing_get_imagenet_s(tmp_path, tiny_file):
    images(tmp_path / "d", count=3)
    splits = data(f"imagefolder:{tmp_path}/d?size=16", f"{tiny_file}:build")
    assert splits.test.inputs.shape[1:] == (3, 16, 16)


def test_split_folders_with_other_classes_are_refused(tmp_path, tiny_file):
    """Labels are positions in the list of folders: other folders would shift them silently."""
    images(tmp_path / "d" / "train")
    images(tmp_path / "d" / "val", classes=("cat", "cow", "dog"))
    with pytest.raises(DataMismatch, match="validation differs from calibration in cow"):
        data(f"imagefolder:{tmp_path}/d", f"{tiny_file}:build")


def test_a_training_folder_alone_is_not_taken_for_a_class(tmp_path, tiny_file):
    images(tmp_path / "d" / "train")
    with pytest.raises(DataMismatch, match="both train and val in .*, but only one is there"):
        data(f"imagefolder:{tmp_path}/d", f"{tiny_file}:build")


@pytest.mark.parametrize("what", ["empty", "no images", "too few"])
def test_a_folder_without_enough_images(tmp_path, tiny_file, what):
    folder = tmp_path / "d"
    folder.mkdir()
    if what == "no images":
        (folder / "cat").mkdir()
    if what == "too few":
        images(folder, count=1)
    with pytest.raises(DataMismatch, match=r"DIR/class/image\.jpg|there are none\. Add some"):
        data(f"imagefolder:{folder}", f"{tiny_file}:build")


def test_a_broken_image_is_named(tmp_path, tiny_file):
    images(tmp_path / "d", count=3)
    (tmp_path / "d" / "cat" / "1.png").write_bytes(b"no image")
    with pytest.raises(DataMismatch, match=r"cat/1\.png to be an image .* UnidentifiedImageError"):
        data(f"imagefolder:{tmp_path}/d", f"{tiny_file}:build")


def test_preprocessing_that_leaves_several_shapes_is_refused(tmp_path, write):
    images(tmp_path / "d", count=8)
    text = PREPROCESS.replace("v2.Resize((8, 8)), ", "")
    with pytest.raises(DataMismatch, match="images of one shape, but .* has .* and "):
        data(f"imagefolder:{tmp_path}/d", f"{write('m.py', text)}:build")


def test_a_folder_of_other_things_is_refused_at_once():
    """ImageFolder would walk the whole disk."""
    start = time.thread_time()
    with pytest.raises(DataMismatch, match=r"Expected / to hold one folder of images per class, b"):
        data("imagefolder:/")
    assert time.thread_time() - start < 10


def test_images_deep_inside_of_a_class_are_images(tmp_path):
    images(tmp_path / "d" / "cat", classes=("a", "b"), count=10)
    images(tmp_path / "d" / "dog", classes=("a", "b"), count=10)
    assert data(f"imagefolder:{tmp_path}/d?size=8").classes == ("cat", "dog")
    (tmp_path / "d" / "notes").mkdir()
    (tmp_path / "d" / "notes" / "a.txt").write_text("no image")
    with pytest.raises(DataMismatch, match="but notes holds none among its first 1 file"):
        data(f"imagefolder:{tmp_path}/d?size=8")


def test_a_sample_model_takes_its_own_folder_of_images(tmp_path):
    """``sample:mlp`` has a colon like ``module:function``, and is none."""
    images(tmp_path / "d", count=20)
    splits = data(f"imagefolder:{tmp_path}/d?size=28", "sample:mlp")
    assert splits.validation.inputs.shape[2:] == (28, 28)
