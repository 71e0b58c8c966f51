"""The table of bad user code: what it does, and what the sentence says about it.

Each entry replaces a part of a small file that works (``tests.conftest.TINY``): its builder, its
forward pass, its data, its metric or its criterion.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.conftest import TINY
from tests.faults.bad_input import LIMIT, BadInput

Part = Literal["build", "forward", "splits", "metric", "criterion", "file"]

SWEEP: Final = ("sweep", "mine.py:build", "--data", "mine.py:splits", "--study", "new")
HEAD: Final = "import asyncio, os, sys, threading, time, warnings\nimport numpy as np\n"
"""Imported before the code of every entry."""


@dataclass(frozen=True)
class Fault:
    """One bad input.

    Attributes:
        part: Which function of the file it replaces; ``file`` for statements at the top level.
        name: What is wrong.
        body: The function's body, or the statements.
        says: What the sentence contains.
        placed: Whether the sentence names the line of the file.
        patience: The limit, where it hangs.
    """

    part: Part
    name: str
    body: str
    says: str
    placed: bool = True
    patience: str = ""

    def __str__(self) -> str:
        return f"{self.part}: {self.name}"


ANYWHERE: Final = (
    ("raises", "raise ValueError('broken')", "it raised ValueError: broken"),
    ("raises without a word", "raise KeyError", "it raised KeyError ("),
    ("raises many lines", "raise OSError('one\\ntwo')", "it raised OSError: one ("),
    ("raises no Exception", "raise BaseException('odd')", "it raised BaseException: odd"),
    ("raises what cannot be printed",
     "raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})", "cannot be printed"),
    ("leaves with 0", "sys.exit(0)", "it raised SystemExit: 0"),
    ("leaves with words", "sys.exit('bye')", "it raised SystemExit: bye"),
    ("leaves at once", "os._exit(0)", "it called os._exit ("),
    ("interrupts itself", "raise KeyboardInterrupt", "it raised KeyboardInterrupt ("),
    ("is cancelled", "raise asyncio.CancelledError", "it raised CancelledError ("),
    ("stops an iteration", "next(iter(()))", "it raised StopIteration ("),
    ("closes a generator", "raise GeneratorExit", "it raised GeneratorExit ("),
    ("warns, as an error", "warnings.simplefilter('error'); warnings.warn('old')",
     "it raised UserWarning: old"),
    ("calls itself", "def again(): again()\n    again()", "it raised RecursionError: maximum"),
    ("wants a petabyte", "bytearray(10 ** 15)", "memory ran out: it raised MemoryError ("),
    ("wants a petabyte of torch", "torch.empty(10 ** 15)",
     "memory ran out: it raised RuntimeError"),
    ("loops", "while True: pass", "but it was still at "),
)  # fmt: skip
"""What can happen in every function: name, body, sentence."""

_LIMITS: Final = {
    "build": "1s",
    "forward": "1s",
    "splits": "1s",
    "metric": "1s",
    "criterion": "0.1s",  # of which it gets ten times as much
}


def _everywhere() -> tuple[Fault, ...]:
    parts: tuple[Part, ...] = ("build", "forward", "splits", "metric", "criterion")
    return tuple(
        Fault(part, name, body, says, patience=_LIMITS[part] if name == "loops" else "")
        for part in parts
        for name, body, says in ANYWHERE
    )


FILE: Final = (
    Fault("file", "raises", "raise RuntimeError('no')", "to import, but it raised RuntimeError"),
    Fault("file", "leaves with 0", "sys.exit(0)", "to import, but it raised SystemExit: 0"),
    Fault("file", "leaves at once", "os._exit(0)", "to import, but it called os._exit"),
    Fault("file", "cannot be read", "x = (", "to import, but it raised SyntaxError: '(' was never"),
    Fault("file", "is indented", "  x = 1\n x = 2", "to import, but it raised IndentationError"),
    Fault("file", "holds zeros", "x = '\0'", "to import, but it raised SyntaxError", False),
    Fault("file", "misses a module", "import no_such_thing_at_all",
          "to import, but it raised ModuleNotFoundError: No module named"),
    Fault("file", "imports itself wrongly", "from torch import no_such_name",
          "to import, but it raised ImportError: cannot import name"),
    Fault("file", "is too large", "x = bytearray(10 ** 15)", "memory ran out"),
    Fault("file", "loops", "while True: pass", "to import within 1 s, but it was still at",
          patience="1s"),
    Fault("file", "sleeps", "time.sleep(1000)", "to import within 1 s, but it was still at",
          patience="1s"),
    Fault("file", "lacks the function", "del build", "'build'. Closest: build_net", False),
    Fault("file", "names a number", "build = 3", "to be a function, but it is a int", False),
    Fault("file", "has a broken __getattr__",
          "del build\ndef __getattr__(name): raise OSError(name)", "it raised OSError: build"),
)  # fmt: skip

MODELS: Final = (
    Fault("build", "gives None", "return None", "an nn.Module, but got NoneType", False),
    Fault("build", "gives a class", "return Tiny", "an nn.Module, but got type", False),
    Fault("build", "gives weights", "return Tiny().state_dict()", "got OrderedDict", False),
    Fault("build", "gives a pair", "return Tiny(), 1", "but got tuple", False),
    Fault("build", "is a generator", "yield Tiny()", "but got generator", False),
    Fault("build", "has no parameters", "return nn.Sequential(nn.Flatten(), nn.ReLU())",
          "to have weights to prune, but it has no parameters", False),
    Fault("build", "is lazy", "return nn.Sequential(nn.Flatten(), nn.LazyLinear(3))",
          "1.weight has no shape yet: it belongs to a lazy module", False),
    Fault("build", "has a lazy batch norm",
          "return nn.Sequential(nn.Conv2d(1, 3, 6), nn.LazyBatchNorm2d(), nn.Flatten())",
          "1.weight has no shape yet", False),
    Fault("build", "contains itself", "net = Tiny(); net.conv.inner = net; return net",
          "to be a tree, but the model contains itself", False),
    Fault("build", "contains itself deeper",
          "net = Tiny(); net.conv.a = nn.ReLU(); net.conv.a.b = net.conv; return net",
          "to be a tree, but conv contains itself", False),
    Fault("build", "is dynamically quantised",
          "warnings.simplefilter('ignore')\n"
          "    return torch.ao.quantization.quantize_dynamic(Tiny(), {nn.Linear})",
          "head is a quantised Linear", False),
    Fault("build", "is on the meta device", "return Tiny().to('meta')",
          "conv.weight is on the meta device", False),
    Fault("build", "has sparse weights",
          "net = Tiny()\n"
          "    net.head.weight = nn.Parameter(net.head.weight.detach().to_sparse())\n"
          "    return net", "head.weight is sparse_coo", False),
    Fault("build", "needs arguments", "return need(1)\ndef build(width): pass",
          "missing 1 required positional argument", False),
    Fault("build", "cannot evaluate",
          "net = Tiny(); net.train = lambda mode=True: 1 / 0; return net",
          "evaluation mode, but it raised ZeroDivisionError"),
    Fault("build", "sleeps", "time.sleep(1000)", "but it was still at ", patience="1s"),
    Fault("build", "waits for a lock",
          "lock = threading.Lock(); lock.acquire(); lock.acquire()",
          "but it was still at ", patience="1s"),
    Fault("forward", "wants another shape", "return self.head(x)", "it raised RuntimeError: mat1"),
    Fault("forward", "runs for two samples alone",
          "assert len(x) == 2\n    return self.head(self.mix(self.conv(x)).flatten(1))",
          "to run on a batch of 60 samples, but it raised AssertionError ("),
    Fault("forward", "gives None", "return None", "Expected outputs with class logits", False),
    Fault("forward", "gives text", "return 'cat'", "Expected outputs with class logits", False),
    Fault("forward", "gives one number", "return self.conv(x).mean()",
          "Expected outputs with class logits", False),
    Fault("forward", "gives too few rows",
          "return self.head(self.mix(self.conv(x)).flatten(1))[:1]",
          "Expected 1 labels for outputs of this shape", False),
    Fault("forward", "gives NaN",
          "return self.head(self.mix(self.conv(x)).flatten(1)) * float('nan')",
          "60 of 60 samples give NaN", False),
    Fault("forward", "gives whole numbers",
          "return self.head(self.mix(self.conv(x)).flatten(1)).argmax(1)",
          "Expected outputs with class logits", False),
)  # fmt: skip

_TWO: Final = "torch.arange(9) % 3"
DATA: Final = (
    Fault("splits", "gives None", "return None", "but got NoneType", False),
    Fault("splits", "gives a list", "return [1, 2, 3]", "but got list", False),
    Fault("splits", "misses test", "return {'calibration': 1, 'validation': 2}", "got dict", False),
    Fault("splits", "gives text", "return dict.fromkeys(PARTS, 'a')", "to hold tensors", False),
    Fault("splits", "gives numbers", "return dict.fromkeys(PARTS, (3, 4))", "to hold tensors",
          False),
    Fault("splits", "gives None inside", "return dict.fromkeys(PARTS)", "to hold tensors", False),
    Fault("splits", "is on the meta device",
          f"return dict.fromkeys(PARTS, (torch.empty(9, 1, 6, 6, device='meta'), {_TWO}))",
          "on the meta device, which holds none", False),
    Fault("splits", "is sparse",
          f"return dict.fromkeys(PARTS, (torch.ones(9, 1, 6, 6).to_sparse(), {_TWO}))",
          "a tensor that is sparse_coo", False),
    Fault("splits", "is quantised",
          "return dict.fromkeys(PARTS, (torch.quantize_per_tensor(torch.ones(9, 1, 6, 6), 1, 0, "
          f"torch.qint8), {_TWO}))", "a tensor that is quantized", False),
    Fault("splits", "is nested",
          "return dict.fromkeys(PARTS, (torch.nested.nested_tensor([torch.ones(2), "
          "torch.ones(3)], layout=torch.jagged), torch.arange(2)))",
          "a tensor that is nested", False),
    Fault("splits", "has NaN",
          f"return dict.fromkeys(PARTS, (torch.full((9, 1, 6, 6), float('nan')), {_TWO}))",
          "some are NaN or infinite", False),
    Fault("splits", "has too few targets",
          "return dict.fromkeys(PARTS, (torch.ones(9, 1, 6, 6), torch.arange(3)))",
          "the lengths are 3, 9", False),
    Fault("splits", "is empty",
          "return dict.fromkeys(PARTS, (torch.ones(0, 1, 6, 6), torch.zeros(0).long()))",
          "but it is empty", False),
    Fault("splits", "has other classes",
          "return dict.fromkeys(PARTS, (torch.ones(9, 1, 6, 6), torch.arange(9)))",
          "labels from 0 to 2", False),
    Fault("splits", "has targets with halves",
          "return dict.fromkeys(PARTS, (torch.ones(9, 1, 6, 6), torch.rand(9)))",
          "class labels as integers", False),
    Fault("splits", "holds objects",
          "return dict.fromkeys(PARTS, (np.array([object()] * 9), np.arange(9)))",
          "arrays of numbers, but got object", False),
    Fault("splits", "holds words as targets",
          "return dict.fromkeys(PARTS, (torch.ones(3, 1, 6, 6), np.array(['a', 'b', 'c'])))",
          "Expected targets as a tensor or an array of numbers", False),
    Fault("splits", "holds complex numbers",
          f"return dict.fromkeys(PARTS, (torch.ones(9, 1, 6, 6) * 1j, {_TWO}))",
          "Input type (c10::complex<float>)", False),
    Fault("splits", "has a mapping that fails",
          "class Bad(dict):\n        def __getitem__(self, name): raise OSError('gone')\n"
          "    return Bad.fromkeys(PARTS)", "it raised OSError: gone"),
    Fault("splits", "has a mapping that does not look",
          "class Bad(dict):\n        def __contains__(self, name): raise OSError('gone')\n"
          "    return Bad.fromkeys(PARTS)", "it raised OSError: gone"),
    Fault("splits", "sleeps", "time.sleep(1000)", "but it was still at ", patience="1s"),
)  # fmt: skip

_RIGHT: Final = "(outputs.argmax(1) == targets).float()"
METRICS: Final = (
    Fault("metric", "gives the batch mean", f"return {_RIGHT}.mean()",
          "a tensor of shape (60,), but got ()", False),
    Fault("metric", "gives the batch mean to each", f"return {_RIGHT}.mean().expand(len(targets))",
          "to score each sample by itself, but one gets", False),
    Fault("metric", "compares with the batch", f"return {_RIGHT} - outputs.max()",
          "to score each sample by itself", False),
    Fault("metric", "is random", "return torch.rand(len(targets))", "draw nothing at random",
          False),
    Fault("metric", "gives complex numbers", f"return {_RIGHT} * 1j", "real numbers", False),
    Fault("metric", "gives a float", "return 0.5", "but got float", False),
    Fault("metric", "gives a list", f"return {_RIGHT}.tolist()", "but got list", False),
    Fault("metric", "gives an array", f"return {_RIGHT}.numpy()", "but got ndarray", False),
    Fault("metric", "gives None", "pass", "but got NoneType", False),
    Fault("metric", "gives too few", f"return {_RIGHT}[1:]", "but got (59,)", False),
    Fault("metric", "gives columns", f"return {_RIGHT}[:, None]", "but got (60, 1)", False),
    Fault("metric", "gives sparse scores", f"return {_RIGHT}.to_sparse()", "sparse_coo", False),
    Fault("metric", "gives nothing real", f"return {_RIGHT}.to('meta')", "on meta", False),
    Fault("metric", "gives NaN", f"return {_RIGHT} / 0 * 0", "60 of 60 samples give NaN", False),
)  # fmt: skip

_ALL: Final = "{n: w.abs() for n, w in evidence.weights().items()}"
CRITERIA: Final = (
    Fault("criterion", "gives None", "pass", "a dict of tensors by parameter name", False),
    Fault("criterion", "gives a list", "return [1]", "but got list", False),
    Fault("criterion", "gives text", "return {n: 'a' for n in evidence.weights()}",
          "with a tensor, but got str", False),
    Fault("criterion", "misses a weight", f"s = {_ALL}; s.popitem(); return s",
          "to score every prunable weight", False),
    Fault("criterion", "scores a stranger", f"return {_ALL} | {{'conv.wieght': torch.ones(1)}}",
          "'conv.wieght'. Closest: conv.weight", False),
    Fault("criterion", "gives another shape",
          "return {n: w.flatten() for n, w in evidence.weights().items()}",
          "with shape (4, 1, 3, 3)", False),
    Fault("criterion", "gives NaN",
          "return {n: w / 0 * 0 for n, w in evidence.weights().items()}", "finite scores", False),
    Fault("criterion", "gives complex numbers",
          "return {n: w * 1j for n, w in evidence.weights().items()}", "real numbers", False),
    Fault("criterion", "gives sparse scores",
          "return {n: w.to_sparse() for n, w in evidence.weights().items()}", "sparse_coo", False),
    Fault("criterion", "gives nothing real",
          "return {n: w.to('meta') for n, w in evidence.weights().items()}", "on meta", False),
    Fault("criterion", "gives objects",
          "return {n: np.array([object()]) for n in evidence.weights()}", "it raised TypeError",
          False),
    Fault("criterion", "writes to the network",
          "weight = evidence.network.module.get_parameter('conv.weight')\n"
          "    with torch.no_grad(): weight.add_(0)\n"
          f"    return {_ALL}", "to leave the network as it is", False),
)  # fmt: skip

FAULTS: Final = (*_everywhere(), *FILE, *MODELS, *DATA, *METRICS, *CRITERIA)


def source(working: str, fault: Fault) -> str:
    """Return the ``working`` file with ``fault`` in it."""
    text = f"{HEAD}{working}\nPARTS = ('calibration', 'validation', 'test')\nbuild_net = build\n"
    if fault.part == "file":
        return f"{text}{fault.body}\n"
    parameters = {
        "build": "", "splits": "", "forward": "self, x", "metric": "outputs, targets",
        "criterion": "evidence",
    }[fault.part]  # fmt: skip
    text += f"\n\ndef {fault.part}({parameters}):\n    {fault.body}\n"
    return text + ("\n\nTiny.forward = forward\n" if fault.part == "forward" else "")


def inputs() -> Iterator[BadInput]:
    """Yield a sweep of the file with each of the faults."""
    for fault in FAULTS:
        yield of_code("code", str(fault), fault)


def of_code(family: str, name: str, fault: Fault) -> BadInput:
    """Return the input of a sweep of the file with ``fault`` in it."""
    line = [*SWEEP, "--sparsities", "0.5"]
    if fault.part in ("metric", "criterion"):
        line += ["--metric" if fault.part == "metric" else "--methods", f"mine.py:{fault.part}"]
    patience = {"PRUNESCOPE_PATIENCE": fault.patience} if fault.patience else {}
    return BadInput(
        family, name, tuple(line), fault.says, lambda folder: _write(folder, fault),
        LIMIT, environment=patience, line_from=len(TINY.splitlines()) + 1 if fault.placed else 0,
    )  # fmt: skip


def _write(folder: Path, fault: Fault) -> None:
    text = (folder / "tiny.py").read_text()
    (folder / "mine.py").write_text(source(text, fault))
