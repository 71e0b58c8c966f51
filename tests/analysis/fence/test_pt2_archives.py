"""Archives that hold more than a program, or claim what they do not hold: each is refused."""

import struct
import zipfile

import pytest
import torch

from prunescope.errors import DamagedFile, PrunescopeError, UnsafeFile
from prunescope.sources.pt2 import load_program
from tests.analysis.fence.program_edits import huge, link, member, payload, refused, spread
from tests.analysis.fence.programs import edited, rewritten


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (payload(lambda e: e.update(use_pickle=True)), "is a pickled object"),
        (payload(lambda e: e.update(path_name="../models/model.json")), "which is no tensor"),
        (payload(lambda e: e.update(path_name="custom_obj_0")), "which is no tensor"),
        (payload(lambda e: e["tensor_meta"].update(layout=1)), "is no dense tensor"),
        (payload(lambda e: e["tensor_meta"].update(storage_offset={"as_int": 10**6})),
         "claims more than the .* bytes of its member"),
        (payload(spread), "its tensors claim [0-9,]+ bytes and hold"),
        (member("data/weights/model.pt"), "neither a tensor nor the graph"),
        (member("data/constants/custom_obj_0"), "neither a tensor nor the graph"),
        (member("data/constants/opaque_obj_0"), "neither a tensor nor the graph"),
        (member("data/aotinductor/model/a.so"), "neither a tensor nor the graph"),
        (member("models/other.json"), "neither a tensor nor the graph"),
        (member("models/MODEL.json"), "stands twice"),
        (member("extra/../../x"), "no plain file name"),
        (member("x", folder=""), "outside of its one folder"),
        (member("x", folder="n"), "outside of its one folder"),
        (link, "is no regular file"),
        (member("extra/x", b"0" * (20 << 20)), "at most 16,777,216 are read"),
    ],
)  # fmt: skip
def test_archives_that_hold_more_than_tensors(made, change, match):
    path, _ = made
    change(path)
    with pytest.raises(UnsafeFile, match=match):
        load_program(path)


def test_an_empty_member_allocates_nothing(made):
    """torch makes a tensor of zeros of whatever size an empty member claims."""
    path, _ = made
    edited(path, lambda w: huge(next(iter(w["config"].values()))), "model_weights_config.json")
    member("data/weights/weight_99", b"")(path)
    refused(path, "claims more than the 0 bytes of its member")


def test_two_readers_must_see_one_archive(made):
    """Python's zipfile reads the last table of contents; torch's reader may take another."""
    path, _ = made
    content = bytearray(path.read_bytes())
    at = content.rfind(b"models/model.json")
    content[at : at + 6] = b"Models"
    path.write_bytes(content)
    with pytest.raises((UnsafeFile, DamagedFile)):
        load_program(path)


def test_a_bomb_is_refused_by_its_claim(tmp_path):
    path = tmp_path / "m.pt2"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/models/model.json", b"0" * (200 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(UnsafeFile, match="has 209,715,200 bytes|unpacks to 209,715,200"):
        load_program(path)


def test_a_size_that_lies_is_refused(made):
    path, _ = made
    content = bytearray(path.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 0xFFFF0000)
    path.write_bytes(content)
    with pytest.raises((UnsafeFile, DamagedFile)):
        load_program(path)


@pytest.mark.parametrize("depth", [200, 100_000])
def test_nested_json_is_refused(made, depth):
    path, _ = made
    deep = b"[" * depth + b"]" * depth
    rewritten(path, lambda name, old: deep if name.endswith("models/model.json") else old)
    with pytest.raises(PrunescopeError, match="nested deeper|no JSON"):
        load_program(path)


def test_example_inputs_that_unfold_without_end_are_refused(made, tmp_path):
    path, _ = made
    folded = (torch.ones(1),)
    for _ in range(30):
        folded = (folded, folded)
    torch.save(folded, tmp_path / "inputs.pt")
    content = (tmp_path / "inputs.pt").read_bytes()
    rewritten(path, lambda name, old: content if "sample_inputs" in name else old)
    refused(path, "example inputs have more than 10,000 parts")
