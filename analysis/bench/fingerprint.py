"""What identifies a network's measurements: the hashes, and the machine that they come from.

A fingerprint joins the parts ``weights``, ``graph``, ``data`` and ``metric``. The environment is
stored beside it and is no part of it: another machine or version measures the same thing.
"""

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version

import torch
from torch import Tensor

from prunescope.bench.device import device_title, on_host
from prunescope.capture.graph import constants
from prunescope.capture.network import Network
from prunescope.sources.functions import source_hash


def fingerprint(parts: Mapping[str, str]) -> str:
    """Return the hash of named parts, 16 hexadecimal digits, whatever their order.

    >>> fingerprint({"b": "2", "a": "1"}) == fingerprint({"a": "1", "b": "2"})
    True
    """
    joined = "|".join(f"{name}={value}" for name, value in sorted(parts.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def network_parts(network: Network) -> dict[str, str]:
    """Return the hashes of a network's weights (names, shapes, values) and of its graph."""
    module = network.module
    tensors = dict(module.named_buffers()) | module.state_dict()  # unsaved buffers compute too
    if network.captured is not None:
        tensors |= constants(network.captured.module)
    weights = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        if isinstance(tensor, Tensor):
            weights.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
            flat = on_host(tensor).flatten()
            weights.update(flat.view(torch.uint8).numpy().tobytes())
    if network.captured is not None:
        code = network.captured.module.code
    else:  # without a graph, the source says what is computed
        kinds = {type(each) for each in module.modules()} | {type(module)}
        own = [kind for kind in kinds if kind.__module__.partition(".")[0] != "torch"]
        code = str(module) + "".join(sorted(source_hash(kind) for kind in own))
    graph = hashlib.sha256(code.encode()).hexdigest()
    return {"weights": weights.hexdigest()[:16], "graph": graph[:16]}


def environment(device: torch.device) -> dict[str, str]:
    """Return the versions, the machine and the device in use that measurements depend on."""
    return {
        "prunescope": version("prunescope"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "device": device_title(device),
    }
