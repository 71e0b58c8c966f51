"""Runtimes of a GPU: what they say without one, and what they compute where there is one."""

import pytest
import torch

from prunescope.bench import device
from prunescope.bench.workbench import Workbench
from prunescope.latency.device_clock import EventTimed
from prunescope.latency.gpu_clocks import gpu_clocks, in_words
from prunescope.latency.measure import time_models
from prunescope.latency.run_clock import OwnClock, RunClock
from prunescope.latency.runtimes.registry import runtime
from prunescope.latency.runtimes.runtime import Workload
from prunescope.progress import Silent

NAMES = ("cuda", "cuda-graph", "cuda-compile", "onnx-cuda")
HAS_CUDA = torch.cuda.is_available()


@pytest.mark.skipif(HAS_CUDA, reason="this machine has a CUDA device")
def test_without_a_gpu_each_says_what_is_missing(tiny_bench: Workbench) -> None:
    module, inputs = tiny_bench.network.module, tiny_bench.splits.validation.chunk(0, 2).inputs
    kinds = [runtime(name) for name in NAMES]
    reports = time_models(module, module, inputs, 1, 0.1, Silent(), chosen=kinds)
    for report in reports[:3]:
        assert report.problem == (
            "Expected a device of this machine (cpu), but got cuda. Take one that is there, or "
            "auto."
        )
        assert (report.device, report.conditions) == ("cuda", "")
    assert "pip install onnxruntime-gpu" in str(reports[3].problem)


def test_the_device_in_use_is_timed_where_it_is_of_the_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "_IN_USE", [torch.device("cuda:1")])
    assert device.device_of_kind("cuda") == torch.device("cuda:1")
    monkeypatch.setattr(device, "_IN_USE", [device.HOST])
    monkeypatch.setattr(device, "_present", lambda: (("cpu", "cuda:0", "cuda:1"), ""))
    assert device.device_of_kind("cuda") == torch.device("cuda:0")


def test_a_call_with_a_clock_of_its_own_is_asked() -> None:
    class Told:
        calls = 0

        def __call__(self) -> None:
            self.calls += 1

        def seconds(self, calls: int) -> float:
            self.calls += calls
            return 6.0

    call = Told()
    assert isinstance(call, OwnClock)
    run = RunClock(processor=False).timed(call, 3)
    assert (run.seconds, call.calls) == (2.0, 1 + 3)
    assert run.wall < 1


def test_clocks_are_said_in_words_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "SM clock 1755 of 1980 MHz, memory 2619 MHz, 44 °C"
    assert in_words("1755, 1980, 2619, 44") == said
    assert in_words("No devices were found") == in_words("[N/A], 1980, 2619, 44") == ""
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert gpu_clocks(0) == ""


@pytest.mark.skipif(not HAS_CUDA, reason="no CUDA device here")
@pytest.mark.parametrize("name", NAMES)
def test_each_computes_the_network_on_the_gpu(name: str, tiny_bench: Workbench) -> None:
    kind = runtime(name)
    if missing := kind.unavailable():
        pytest.skip(missing)
    module, inputs = tiny_bench.network.module, tiny_bench.splits.validation.chunk(0, 3).inputs
    call = kind.compiler(Workload(module, inputs, 1)).compile(module)
    with torch.inference_mode():
        assert call() is None or name in ("cuda", "cuda-compile")
        if name in ("cuda", "cuda-compile"):
            assert torch.allclose(call().cpu(), module(inputs), atol=1e-3)  # type: ignore[attr-defined]
    if isinstance(call, EventTimed):
        assert call.seconds(10) > 0
    assert device.device_of(module) == device.HOST  # a copy was moved
