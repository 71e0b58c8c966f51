"""Prunescope: see how much of a trained PyTorch network can be pruned; plan, recover, export.

>>> import prunescope as ps
>>> ps.sweep.__name__, ps.Study.__name__
('sweep', 'Study')

What is offered is loaded when it is first asked for, so that importing this takes no time.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prunescope.api.apply_recipe import apply
    from prunescope.api.exported_models import load_pruned
    from prunescope.api.inspections import inspect
    from prunescope.api.merge import merge
    from prunescope.api.open_study import open_study as open  # noqa: A004 - read as ps.open
    from prunescope.api.packed import pack, unpack
    from prunescope.api.solved_plan import SolvedPlan
    from prunescope.api.study import Study
    from prunescope.api.sweep import sweep
    from prunescope.study.plan import Choice, Plan

if __name__ != "prunescope":  # the folder found by its own name, from the repository's root
    raise ImportError(f"Import this package as prunescope, not as {__name__}.")

__version__ = "0.1.0"

__all__ = [
    "Choice",
    "Plan",
    "SolvedPlan",
    "Study",
    "__version__",
    "apply",
    "inspect",
    "load_pruned",
    "merge",
    "open",
    "pack",
    "sweep",
    "unpack",
]

_HOMES: Final = {
    "Choice": ("prunescope.study.plan", "Choice"),
    "Plan": ("prunescope.study.plan", "Plan"),
    "SolvedPlan": ("prunescope.api.solved_plan", "SolvedPlan"),
    "Study": ("prunescope.api.study", "Study"),
    "apply": ("prunescope.api.apply_recipe", "apply"),
    "inspect": ("prunescope.api.inspections", "inspect"),
    "load_pruned": ("prunescope.api.exported_models", "load_pruned"),
    "merge": ("prunescope.api.merge", "merge"),
    "open": ("prunescope.api.open_study", "open_study"),
    "pack": ("prunescope.api.packed", "pack"),
    "sweep": ("prunescope.api.sweep", "sweep"),
    "unpack": ("prunescope.api.packed", "unpack"),
}
"""Name → the module and the name there."""


def __getattr__(name: str) -> Any:
    """Load what is offered under ``name``."""
    if name not in _HOMES:
        raise AttributeError(f"module 'prunescope' has no attribute {name!r}")
    module, own = _HOMES[name]
    return getattr(import_module(module), own)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Face(ModuleType):
    """``ps.sweep`` is the function, also once the room ``prunescope.sweep`` has been imported.

    Importing a room sets it as an attribute of this package, where it would hide the function.
    ``from prunescope.sweep.runner import …`` is not affected.
    """

    @property
    def sweep(self) -> Any:
        """The function."""
        return __getattr__("sweep")

    @sweep.setter
    def sweep(self, room: ModuleType) -> None:
        """Leave the room to ``sys.modules``."""


sys.modules[__name__].__class__ = _Face
