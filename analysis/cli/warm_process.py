"""The process that ``jobs.warm_worker`` keeps: import, wait for arguments, become that job."""

import importlib
import json
import os
import sys


def main() -> None:
    """Import what jobs need, read one line of JSON, and run the command line that it names.

    Without a line (the server is gone) it ends.
    """
    _import()
    line = sys.stdin.readline()
    if not line.strip():
        return
    order = json.loads(line)
    _attach(order["log"])
    os.chdir(order["directory"])
    sys.argv[1:] = order["arguments"]
    from prunescope.cli.app import main as run

    run()


def _import() -> None:
    """The modules of a sweep or a verification, and what a first capture imports by the way."""
    import torch

    from prunescope.capture.network import build_network

    for name in (
        "cli.sweep",
        "cli.verify",
        "replay",
        "sweep.store_quantiles",
        "sweep.runner",
        "sweep.verify_plan",
    ):
        importlib.import_module(f"prunescope.{name}")

    layers = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.ReLU())
    build_network(layers.eval(), (torch.zeros(2, 1, 4, 4),))


def _attach(log: str) -> None:
    """Let what is printed go to the job's log, and nothing come from the server any more."""
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((written, 1), (written, 2), (nothing, 0)):
        os.dup2(source, target)
    os.close(written)
    os.close(nothing)


if __name__ == "__main__":
    main()
