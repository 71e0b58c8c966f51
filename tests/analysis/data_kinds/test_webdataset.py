"""Shards of webdataset: read in place, cut by rule, refused where they are no samples."""

import io
import json
import pickle
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from prunescope.errors import BadReference, DataMismatch
from prunescope.sources.data import data_hash
from tests.analysis.sources.loaded import data, lengths

SHAPE = "size=8&channels=1"


def png(shade: int) -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.full((8, 8), shade, np.uint8)).save(made, "png")
    return made.getvalue()


def shard(path, members) -> None:
    """Write ``(name, content)`` as a tar file."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def pictures(first, count):
    for number in range(first, first + count):
        yield f"images/{number:04}.png", png(number)
        yield f"images/{number:04}.cls", str(number % 3).encode()


def test_shards_by_split(tmp_path) -> None:
    shard(tmp_path / "d" / "train-0000.tar", pictures(0, 20))
    shard(tmp_path / "d" / "train-0001.tar", pictures(20, 20))
    shard(tmp_path / "d" / "val-0000.tar", pictures(40, 30))
    splits = data(f"webdataset:{tmp_path}/d?{SHAPE}")
    assert lengths(splits) == [40, 15, 15]
    for name in ("calibration", "validation", "test"):
        samples = splits.named(name)
        shades = (samples.inputs[:, 0, 0, 0] * 255).round().long()
        assert torch.equal(shades % 3, samples.targets)
        assert bool(((shades < 40) == (name == "calibration")).all())
    assert splits.calibration.inputs.shape[1:] == (1, 8, 8)


def test_one_set_is_cut_by_rule_the_same_each_time(tmp_path) -> None:
    shard(tmp_path / "all.tar", pictures(0, 60))
    reference = f"webdataset:{tmp_path}/all.tar?{SHAPE}&calibration=9&validation=12&test=6"
    splits = data(f"{reference}&stratified=yes&seed=3")
    assert lengths(splits) == [9, 12, 6]
    assert torch.bincount(splits.validation.targets).tolist() == [4, 4, 4]
    every = torch.cat([splits.named(n).inputs for n in ("calibration", "validation", "test")])
    assert len({row.numpy().tobytes() for row in every}) == 27
    assert data_hash(splits) == data_hash(data(f"{reference}&stratified=yes&seed=3"))


def test_arrays_and_fields_of_json(tmp_path) -> None:
    def members():
        for number in range(20):
            held = io.BytesIO()
            np.save(held, np.full((4,), number, ">f8"))
            yield f"{number}.x.npy", held.getvalue()
            yield f"{number}.json", json.dumps({"value": [number, 2 * number]}).encode()

    shard(tmp_path / "all.tar", members())
    splits = data(f"webdataset:{tmp_path}/all.tar?input=x.npy&target=json&field=value")
    assert splits.validation.inputs.dtype == torch.float32
    assert torch.equal(splits.validation.inputs[:, 0].long(), splits.validation.targets[:, 0])


class Trap:
    """Leaves a file behind where it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("ending", ["npy", "pth", "pickle", "cls"])
def test_a_pickle_is_never_run(tmp_path, ending: str) -> None:
    ran = tmp_path / "ran"
    if ending == "npy":
        held = io.BytesIO()
        np.save(held, np.array([Trap(str(ran))], dtype=object), allow_pickle=True)
        trap = held.getvalue()
    else:
        trap = pickle.dumps(Trap(str(ran)))
    members = [
        (f"{n}.{end}", held) for n in range(9) for end, held in (("png", png(0)), (ending, trap))
    ]
    shard(tmp_path / "all.tar", members)
    with pytest.raises(DataMismatch, match=rf"\.{ending}"):
        data(f"webdataset:{tmp_path}/all.tar?{SHAPE}&target={ending}")
    assert not ran.exists()


def test_what_is_no_shard_is_refused(tmp_path) -> None:
    with pytest.raises(BadReference, match=r"there are none\. Check the path"):
        data(f"webdataset:{tmp_path}/nothing")
    (tmp_path / "broken.tar").write_bytes(b"no tar" * 200)
    with pytest.raises(DataMismatch, match=r"broken.tar to be a tar file"):
        data(f"webdataset:{tmp_path}/broken.tar")
    shard(tmp_path / "lone.tar", [*pictures(0, 9), ("9.png", png(1))])
    with pytest.raises(DataMismatch, match=r"to have a member \.cls, but the one of 9.png has png"):
        data(f"webdataset:{tmp_path}/lone.tar?{SHAPE}")
    shard(tmp_path / "bare.tar", pictures(0, 9))
    with pytest.raises(DataMismatch, match=r"the ending x, but the first sample has cls, png"):
        data(f"webdataset:{tmp_path}/bare.tar?target=x")
