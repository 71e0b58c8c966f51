"""Devices are chosen, moved to and waited for in one file."""

import ast
from pathlib import Path

import pytest
import torch
from torch import nn

import prunescope.errors
from prunescope.bench import device
from prunescope.bench.device import (
    HOST,
    choose_device,
    device_in_use,
    device_of,
    drop_cached_memory,
    move,
    on_host,
    parallel_calls,
    synchronised,
    use_device,
)
from prunescope.bench.workbench import Workbench, prepare
from prunescope.errors import BadValue, UnknownName
from prunescope.study import Reference

HOME = "bench/device.py"
ABOVE = {
    # A runtime is one device's, whichever one studies compute on.
    "latency/runtimes/cuda.py", "latency/device_clock.py",
    "criteria/user_criterion.py", "sources/live_data.py", "sources/live_function.py",
    "sources/live_model.py", "sources/stream_tensors.py", "sources/torch_metric.py",
    # Rooms that bench is made of cannot import it; they say why they need main memory.
    "criteria/activation.py", "criteria/fpgm.py",  # exact float64 sums
    "criteria/unit_scores.py", "moments/second_moments.py",
    "metrics/box_parts.py", "metrics/word_error_rate.py", "sources/arrays.py",
    "losses/matched_boxes.py",  # the state of a generator
    "recovery/training/training_step.py",  # one kind of device alone trains in float16
    "study/computations.py",  # the names that can be asked for, in a room without torch
    "fence/pt2.py", "sources/weights.py",  # a file is read into main memory before it is moved
}  # fmt: skip


def test_a_name_that_is_no_device_is_refused_with_the_closest() -> None:
    assert choose_device("cpu") == HOST
    with pytest.raises(UnknownName, match=r"Expected device to be .* got 'cude'. Closest: cuda"):
        choose_device("cude")
    with pytest.raises(UnknownName, match="Expected device to be one that exists"):
        choose_device("vulkan")


def test_a_device_that_is_not_there_is_refused_with_what_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = ("cpu", "xpu:0", "cuda:0", "cuda:1")
    monkeypatch.setattr(device, "_present", lambda: (here, ""))
    assert str(choose_device("auto")) == str(choose_device("cuda")) == "cuda:0"
    assert str(choose_device("cuda:1")) == "cuda:1"
    with pytest.raises(BadValue) as refused:
        choose_device("cuda:2")
    assert str(refused.value) == (
        "Expected a device of this machine (cpu, xpu:0, cuda:0 or cuda:1), but got cuda:2. Take "
        "one that is there, or auto."
    )
    monkeypatch.setattr(device, "_present", lambda: (("cpu", "mps"), "driver too old"))
    assert choose_device("auto") == HOST  # it has no float64
    assert choose_device("mps").type == "mps"
    with pytest.raises(BadValue, match=r"\(cpu or mps\), but got cuda \(driver too old\)\."):
        choose_device("cuda")


def test_a_process_computes_where_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_IN_USE", [HOST])
    monkeypatch.setattr(device, "_present", lambda: (("cpu", "cuda:0"), ""))
    assert device_in_use() == HOST
    assert use_device("cuda") == device_in_use() == torch.device("cuda:0")


def test_a_study_says_on_which_device_it_was_made(tiny: Reference) -> None:
    bench = prepare(tiny, device="cpu")
    assert bench.manifest.environment["device"] == "cpu"
    with pytest.raises(UnknownName, match="device"):
        prepare(tiny, device="gpu")


def test_the_environment_names_the_device_in_use(tiny_bench: Workbench) -> None:
    from prunescope.bench.fingerprint import environment

    assert environment(torch.device("meta"))["device"] == "meta"
    assert environment(device_of(tiny_bench.network.module)) == tiny_bench.manifest.environment


def test_tensors_are_found_moved_and_brought_back() -> None:
    elsewhere = torch.device("meta")
    assert device_of(nn.ReLU()) == HOST
    assert device_of(nn.Linear(2, 2, device=elsewhere)) == elsewhere
    assert device_of([3, torch.ones(1, device=elsewhere)]) == elsewhere
    tree = {"a": (torch.ones(2), 3)}
    assert move(tree, elsewhere)["a"][0].device == elsewhere  # type: ignore[union-attr]
    assert move(tree, HOST)["a"][0] is tree["a"][0]
    assert device_of(move(nn.Linear(2, 2), elsewhere)) == elsewhere
    weight = nn.Linear(2, 2).weight
    assert on_host(weight).data_ptr() == weight.data_ptr()
    assert not on_host(weight).requires_grad


def test_calls_on_the_processor_are_done_when_they_return() -> None:
    def call() -> int:
        return 3

    assert synchronised(call, HOST) is call
    assert parallel_calls(HOST) == torch.get_num_threads()
    assert parallel_calls(torch.device("meta")) == 1


def devices_in(source: str) -> list[int]:
    """Lines that choose a device or move to one by name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in ("cpu", "cuda", "mps"):
            found.append(node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            made = node.func.attr == "device" and getattr(node.func.value, "id", "") == "torch"
            if made or node.func.attr in ("cpu", "cuda", "synchronize"):
                found.append(node.lineno)
    return found


def test_nobody_else_names_a_device() -> None:
    root = Path(prunescope.errors.__file__).resolve().parent
    files = {str(path.relative_to(root)): path for path in sorted(root.rglob("*.py"))}
    named = {name for name, path in files.items() if devices_in(path.read_text())}
    assert HOME in named  # the check can fail
    assert named - {HOME, "latency/table/rows.py"} == ABOVE


def test_memory_that_is_free_goes_back_where_the_c_library_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(device, "_malloc_trim", lambda: lambda pad: asked.append(pad) or 1)
    drop_cached_memory(HOST)
    assert asked == [0]
    monkeypatch.setattr(device, "_malloc_trim", lambda: None)
    drop_cached_memory(HOST)
    monkeypatch.undo()
    drop_cached_memory(HOST)  # of whatever library is here
