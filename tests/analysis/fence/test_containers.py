"""Arrays, weights, tables and ONNX files that lie about themselves, or name what is elsewhere."""

import io
import json
import resource
import struct
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import save_file

from prunescope.errors import DamagedFile, DataMismatch, UnsafeFile
from prunescope.export.formats.onnx import weights as onnx_weights
from prunescope.fence.onnx_files import read_onnx
from prunescope.fence.parquet_files import Bounds, read_bounded
from prunescope.fence.refusal import Refusal
from prunescope.sources.arrays import from_file
from prunescope.sources.weights import load_weights, pour

PARTS = ("calibration", "validation", "test")


def arrays(kind: str = "<f4") -> dict[str, np.ndarray]:
    return {
        f"{part}_{what}": made
        for part in PARTS
        for what, made in (
            ("inputs", np.arange(12, dtype=kind).reshape(4, 3)), ("targets", np.array([0, 1, 2, 0]))
        )
    }  # fmt: skip


def header(descr: str, shape: str) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def with_member(path: Path, content: bytes, name: str = "validation_inputs.npy") -> Path:
    """Write splits to ``path``, one array of which is ``content``."""
    made = arrays()
    made.pop("validation_inputs")
    np.savez(path, **made)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (header("'<f4'", "(1000000, 1000000)"), r"claims 4,000,000,000,000 bytes .* and holds 0"),
        (header("'<f4'", "(3,)") + b"12345678", "claims 12 bytes .* and holds 8"),
        (header("'|O'", "(1,)") + b"x" * 8, r"an array of '\|O', not of numbers"),
        (header("[('a', '<f4')]", "(1,)") + b"x" * 4, "not of numbers"),
        (header("'<M8[s]'", "(1,)") + b"x" * 8, "not of numbers"),
        (header("'<f4'", "(-1,)"), r"an array of the shape \(-1,\)"),
        (header("'<f4'", "__import__('os')"), "header of an array is damaged"),
        (header("'<f4'", "(" * 2000 + ")" * 2000), "header of an array is damaged"),
        (b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 31), "header of an array has 2,147,483,648"),
        (b"\x80\x04\x95", "a member that is no array"),
    ],
)
def test_arrays_that_lie_are_refused_before_anything_is_allocated(tmp_path, content, match):
    path = with_member(tmp_path / "d.npz", content)
    with pytest.raises(DataMismatch, match=match):
        from_file(path)


def test_an_array_that_unpacks_to_more_than_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("prunescope.fence.archives.memory_bytes", lambda: 1 << 20)
    content = header("'|u1'", f"({2 << 20},)") + b"\0" * (2 << 20)
    with pytest.raises(DataMismatch, match=r"unpacks to 2,\d+,\d+ bytes and at most 1,048,576"):
        from_file(with_member(tmp_path / "d.npz", content))


@pytest.mark.parametrize("kind", [">f4", ">f8", ">i4", ">f2"])
def test_arrays_of_the_other_order_of_bytes_are_turned(tmp_path, kind):
    np.savez(tmp_path / "d.npz", **arrays(kind))
    inputs = from_file(tmp_path / "d.npz").validation.inputs
    wanted = torch.arange(12).reshape(4, 3)
    assert torch.equal(inputs.long(), wanted)


def test_one_input_under_two_names_is_refused(tmp_path):
    np.savez(tmp_path / "d.npz", **arrays(), validation_inputs_a=np.ones((4, 3), np.float32))
    with pytest.raises(DataMismatch, match="holds validation_inputs and validation_inputs_a. Remo"):
        from_file(tmp_path / "d.npz")


def safetensors(path: Path, entries: object, content: bytes = b"\0" * 8) -> Path:
    text = json.dumps(entries).encode() if not isinstance(entries, bytes) else entries
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return path


def entry(dtype: object = "F32", shape: object = (2,), offsets: object = (0, 8)) -> dict:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}


@pytest.mark.parametrize(
    "entries",
    [
        entry(offsets=(0, 1 << 40)), entry(shape=(1 << 40,)), entry(dtype="PY"), entry(shape=(-1,)),
        entry(offsets=(8, 0)), entry(offsets=(4, 12)), entry() | {"b": entry()["a"]}, {}, [], "x",
        b'{"a": 1, "a": 2}', b"[" * 5000, b"{" * 100_000, entry(dtype=None), entry(offsets=None),
        {"__metadata__": {"a": 1}}, entry() | {"__metadata__": {"a": ["b"]}},
    ],
)  # fmt: skip
def test_safetensors_whose_header_does_not_fit(tmp_path, entries):
    with pytest.raises(DamagedFile, match="to be a safetensors file, but got"):
        load_weights(safetensors(tmp_path / "w.safetensors", entries))


def test_a_safetensors_header_of_terabytes(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", 1 << 42) + b"{}")
    with pytest.raises(DamagedFile, match=r"its header claims 4,398,046,511,104 of 10 bytes"):
        load_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize("kind", [torch.int32, torch.bool, torch.complex64])
def test_weights_of_another_kind_of_number_are_not_cast(tmp_path, kind):
    net = torch.nn.Linear(2, 2)
    before = net.weight.clone()
    save_file(
        {"weight": torch.ones(2, 2).to(kind), "bias": torch.ones(2)}, tmp_path / "w.safetensors"
    )
    told = str(kind).removeprefix("torch.")
    with pytest.raises(DataMismatch, match=rf"another kind of number \(weight is {told}, not"):
        pour(net, load_weights(tmp_path / "w.safetensors"), "w")
    assert torch.equal(net.weight, before)
    pour(net, {"weight": torch.ones(2, 2).half(), "bias": torch.ones(2).double()}, "w")


def test_a_state_dict_of_before_2020_still_loads(tmp_path):
    state = torch.nn.Linear(2, 2).state_dict()
    torch.save(state, tmp_path / "w.pt", _use_new_zipfile_serialization=False)
    assert torch.equal(load_weights(tmp_path / "w.pt")["weight"], state["weight"])


SCHEMA = pa.schema([("name", pa.string()), ("value", pa.float64())])
SMALL = Bounds(rows=100_000, bytes=64 << 20)


def table(columns: dict, **how: object) -> pa.BufferReader:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **how)
    return pa.BufferReader(buffer.getvalue())


def test_a_text_that_is_repeated_a_thousand_times_is_not_written_out():
    """The 191 kB of an earlier attack took 1.3 GB."""
    places = pa.array(np.zeros(1000, np.int32))
    texts = pa.DictionaryArray.from_arrays(places, pa.array(["x" * 1_300_000]))
    source = table({"name": texts, "value": [1.0] * 1000}, store_schema=False)
    assert source.size() < 400_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Refusal, match="it takes more than 67,108,864 bytes"):
        read_bounded(source, SCHEMA, SMALL)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"name": ["a"]}, "column value is missing"),
        ({"name": ["a"], "value": ["b"]}, "column value holds 'string', not double"),
        ({"name": [1], "value": [1.0]}, "column name holds 'int64', not string"),
        ({"name": ["a", None], "value": [1.0, 2.0]}, "column name has gaps"),
        ({"name": [["a"]], "value": [1.0]}, "column b'name' holds no texts"),
        ({"name": ["a"] * 100_001, "value": [1.0] * 100_001}, "100,001 rows and at most 100,000"),
    ],
)
def test_tables_of_other_columns_or_sizes(columns, match):
    with pytest.raises(Refusal, match=match):
        read_bounded(table(columns), SCHEMA, SMALL)


def test_a_table_comes_out_as_it_went_in():
    columns = {"value": [float(n) for n in range(5000)], "name": [f"n{n % 7}" for n in range(5000)]}
    read = read_bounded(table(columns, row_group_size=900), SCHEMA, SMALL)
    assert read.schema == SCHEMA
    assert read.to_pydict() == columns


def onnx_file(path: Path, location: str | None) -> Path:
    weight = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0])
    if location is not None:
        weight.ClearField("float_data")
        weight.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "16")):
            weight.external_data.add(key=key, value=value)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [x], [y], [weight]
    )
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "../secret", "a/../../secret", "C:\\x", "", "none"]
)
def test_onnx_tensors_that_lie_elsewhere(tmp_path, location):
    (tmp_path / "model").mkdir()
    (tmp_path / "secret").write_bytes(b"s" * 16)
    path = onnx_file(tmp_path / "model" / "m.onnx", location)
    for read in (read_onnx, onnx_weights):
        with pytest.raises(UnsafeFile, match="its tensor 'w' lies at"):
            read(path)


def test_onnx_tensors_behind_a_link(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "secret").write_bytes(b"s" * 16)
    (tmp_path / "model" / "w.bin").symlink_to(tmp_path / "secret")
    with pytest.raises(UnsafeFile, match=r"lies at 'w\.bin'"):
        read_onnx(onnx_file(tmp_path / "model" / "m.onnx", "w.bin"))


def test_onnx_tensors_in_the_folder_and_in_the_file(tmp_path):
    (tmp_path / "w.bin").write_bytes(np.ones(4, np.float32).tobytes())
    read_onnx(onnx_file(tmp_path / "m.onnx", "w.bin"))
    assert onnx_weights(onnx_file(tmp_path / "m.onnx", None))["w"].tolist() == [[1, 2], [3, 4]]
    (tmp_path / "w.bin").write_bytes(b"1234")
    with pytest.raises(UnsafeFile, match="claims more than"):
        read_onnx(onnx_file(tmp_path / "m.onnx", "w.bin"))


@pytest.mark.parametrize("content", [b"", b"no protobuf", b"\x08\x07"])
def test_what_is_no_onnx_is_damage(tmp_path, content):
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(DamagedFile, match=r"Export it again\."):
        read_onnx(tmp_path / "m.onnx")
    assert onnx.__version__
