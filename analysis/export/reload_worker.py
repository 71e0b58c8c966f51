"""The fresh process: load one exported file, run what it is given, say what its weights are.

``python -m prunescope.export.reload_worker MODULE FILE RECIPE THREADS STUDY``, where MODULE holds
the format, answers one JSON line per JSON line: ``{"load": true}`` → versions;
``{"run": FILE, "call": STRUCTURE, "into": FILE}`` → how many tensors came out;
``{"time": FILE, "call": STRUCTURE}`` → seconds of such a run, the median;
``{"weights": FILE}`` → writes where every weight is zero. Only what a format needs is imported: an
ONNX file is run without torch.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from prunescope.export.formats.registry import REGISTRY
from prunescope.export.loaded import Loaded

_SECONDS: Final = 0.3
_MOST: Final = 100


def answer(loaded: Loaded, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one ``request``."""
    if "run" in request:
        target = Path(request["into"])
        return {"outputs": loaded.run(Path(request["run"]), request["call"], target)}
    if "time" in request:
        return {"seconds": median_seconds(loaded.prepared(Path(request["time"]), request["call"]))}
    if "weights" in request:
        from safetensors.numpy import save_file

        digest, size, zeros = loaded.weights()
        packed = {name: np.packbits(pattern) for name, pattern in zeros.items()}
        save_file(packed, request["weights"])
        shapes = {name: list(pattern.shape) for name, pattern in zeros.items()}
        return {"sha256": digest, "bytes": size, "shapes": shapes}
    return {"versions": loaded.versions()}


def median_seconds(call: Callable[[], object]) -> float:
    """Return the median time of ``call``, run for a third of a second or 100 times, or once."""
    taken: list[float] = []
    call()  # the first one plans and allocates
    start = time.perf_counter()
    while not taken or (len(taken) < _MOST and time.perf_counter() - start < _SECONDS):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def main(arguments: list[str]) -> None:
    """Serve one file until the parent closes its end."""
    module, file, recipe, threads, study = arguments
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print is no answer
    kind = REGISTRY.in_module(module)
    loaded = kind.load(Path(file), Path(recipe), int(threads), Path(study) if study else None)
    for request in _requests():
        replies.write(json.dumps(answer(loaded, request)) + "\n")
        replies.flush()


def _requests() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


if __name__ == "__main__":
    main(sys.argv[1:])
