"""Find the runtimes: in this folder, in installed packages, and those of this process. Torch-free.

``REGISTRY.register(MyRuntime())`` adds one in a notebook; see ``prunescope.extensions``.
"""

from typing import Final

from prunescope.extensions import Registry
from prunescope.latency.runtimes.runtime import Runtime

REGISTRY: Final[Registry[Runtime]] = Registry(
    "runtime", "prunescope.latency.runtimes", "RUNTIME", "prunescope.runtimes", Runtime
)


def runtimes() -> tuple[Runtime, ...]:
    """Return all runtimes, whether or not they can run here, in the order of lists."""
    return REGISTRY.all()


def usual_runtimes() -> tuple[Runtime, ...]:
    """Return those that are timed unless others are asked for."""
    return tuple(each for each in runtimes() if each.usual)


def runtime(name: str) -> Runtime:
    """Return the runtime ``name``, or raise ``UnknownName`` with the closest names."""
    return REGISTRY.named(name)


def runtime_titles() -> tuple[str, ...]:
    """Return what runtimes are called in tables and on pages, in the order of lists."""
    return tuple(each.title for each in runtimes())


def runtime_titled(title: str) -> Runtime | None:
    """Return the runtime that tables call ``title``; None where this installation has none."""
    return next((each for each in runtimes() if each.title == title), None)


def runtimes_named(names: str) -> tuple[Runtime, ...]:
    """Return the runtimes in a comma-separated list, once each; for an empty one the usual ones.

    Raises:
        UnknownName: There is no such runtime.
    """
    given = [name.strip() for name in names.split(",") if name.strip()]
    return tuple(runtime(name) for name in dict.fromkeys(given)) or usual_runtimes()
