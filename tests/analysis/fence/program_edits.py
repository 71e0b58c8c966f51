"""Changes of a real program and its archive that must be refused, and how they are."""

import stat
import zipfile

import pytest

from prunescope.errors import UnsafeFile
from prunescope.export.formats import pt2 as exported_format
from prunescope.sources.pt2 import load_program
from tests.analysis.fence.programs import edited


def refused(path, match):
    for load in (load_program, exported_format.load):
        with pytest.raises(UnsafeFile, match=match) as caught:
            load(path)
        assert str(caught.value).startswith(f"Expected {path} to hold only tensors and a graph")
        assert "Export the model again with torch.export.save" in str(caught.value)


def graph(whole):
    return whole["graph_module"]["graph"]


def first(whole, target):
    return next(node for node in graph(whole)["nodes"] if node["target"] == target)


def symbol_of(whole):
    for meta in graph(whole)["tensor_values"].values():
        for size in meta["sizes"]:
            if "as_expr" in size:
                return size["as_expr"]
    raise AssertionError("no size is dynamic")


def operator(target, **arguments):
    def edit(whole):
        node = first(whole, "torch.ops.aten.relu.default")
        node["target"] = target
        node["inputs"] = [
            {"name": name, "arg": {f"as_{type(value).__name__}".replace("str", "string"): value},
             "kind": 1}
            for name, value in arguments.items()
        ]  # fmt: skip

    return edit


def set_at(*places, to):
    def edit(whole):
        at = whole
        for place in places[:-1]:
            at = at[place]
        at[places[-1]] = to

    return edit


def payload(change, member="data/weights/model_weights_config.json"):
    def edit(whole):
        change(next(iter(whole["config"].values())))

    return lambda path: edited(path, edit, member)


def member(name, content=b"x", folder="m"):
    def add(path):
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(f"{folder}/{name}" if folder else name, content)

    return add


def link(path):
    info = zipfile.ZipInfo("m/extra/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, "/etc/passwd")


def huge(entry):
    entry["path_name"] = "weight_99"
    entry["tensor_meta"]["sizes"] = [{"as_int": 1 << 40}]
    entry["tensor_meta"]["strides"] = [{"as_int": 1}]


def spread(entry):
    entry["tensor_meta"]["sizes"] = [{"as_int": 1 << 40}]
    entry["tensor_meta"]["strides"] = [{"as_int": 0}]
