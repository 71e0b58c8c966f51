"""A captured program (``.pt2``) from a file, read only when nothing in it could run code.

``torch.export.load`` evaluates, generates and unpickles what an archive tells it to, so every part
of the archive is looked through first: see ``prunescope.fence.pt2``.
"""

import warnings
from pathlib import Path
from typing import cast

import torch
from torch import nn

from prunescope.capture.graph import Inputs
from prunescope.capture.tied_weights import tie_again
from prunescope.errors import BadReference
from prunescope.fence.pt2 import require_safe_program


def load_program(path: Path) -> nn.Module:
    """Return the module of the exported program in ``path``.

    Raises:
        BadReference: No such file, or torch cannot load it.
        DamagedFile: Not an archive of ``torch.export.save``.
        UnsafeFile: Something in it could run code when loaded.
    """
    if not path.is_file():
        raise BadReference(
            f"Expected {path} to be a .pt2 file, but it does not exist. Check the path."
        )
    program = read_program(path)
    try:
        module = cast(nn.Module, program.module(check_guards=False))
    except Exception as error:  # whatever torch makes of a graph that does not fit its tensors
        raise _unloadable(path, error) from error
    tie_again(module)
    return module


def program_inputs(path: Path) -> Inputs | None:
    """Return the batch that the program in ``path`` was exported with; None where it has none.

    Raises:
        DamagedFile, UnsafeFile: As ``load_program``.
    """
    inputs = read_program(path).example_inputs
    if inputs is None:
        return None
    args, kwargs = inputs
    return cast(Inputs, kwargs or args)


def read_program(path: Path) -> torch.export.ExportedProgram:
    """Return the exported program in ``path``, after every part of its archive was looked through.

    Raises:
        BadReference: torch cannot load it.
        DamagedFile: Not an archive of ``torch.export.save``.
        UnsafeFile: Something in it could run code when loaded.
    """
    # torch.export.load falls back to an older, unchecked format when this raises.
    from torch.export.pt2_archive._package import load_pt2

    require_safe_program(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # read-only buffers: nobody writes to them
            return load_pt2(path).exported_programs["model"]
    except Exception as error:
        raise _unloadable(path, error) from error


def _unloadable(path: Path, error: Exception) -> BadReference:
    return BadReference(
        f"Expected {path} to be a program of torch.export.save, but it cannot be loaded: "
        f"{str(error).splitlines()[0][:300] if str(error) else type(error).__name__}. Export it "
        "again with this version of torch."
    )
