"""The table of bad user code: what it does, and what the sentence says about it.

Each entry replaces a part of a small file that works (``tests.conftest.TINY``): its builder, its
forward pass, its data, its metric or its criterion.
"""

from collections.abc import Iterator
from typing import Final

from tests.faults.bad_input import BadInput
from tests.faults.families.bad_answers import CRITERIA, DATA, METRICS
from tests.faults.families.code_fault import Fault, Part, of_code

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


FAULTS: Final = (*_everywhere(), *FILE, *MODELS, *DATA, *METRICS, *CRITERIA)


def inputs() -> Iterator[BadInput]:
    """Yield a sweep of the file with each of the faults."""
    for fault in FAULTS:
        yield of_code("code", str(fault), fault)
