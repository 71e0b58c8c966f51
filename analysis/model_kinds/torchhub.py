"""``torchhub:OWNER/REPO:ENTRY``: entry points of repositories, or of a folder with ``hubconf.py``.

This downloads Python from GitHub and runs it, so it is run only on the word of who owns the
account, as a file's function is.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.errors import BadReference, BadValue
from prunescope.model_kinds.downloads import downloading
from prunescope.model_kinds.kind import ModelKind
from prunescope.user_code.guard import guarded

if TYPE_CHECKING:
    from torch import nn

_REPOSITORY: Final = re.compile(r"[\w.-]+/[\w.-]+(:[\w./-]+)?")


class TorchHub(ModelKind):
    """An entry point of ``hubconf.py``; its code runs here."""

    name = "torchhub"
    form = "torchhub:OWNER/REPO:ENTRY"
    runs_code = True
    rank = 5

    def load(self, name: str, random: bool) -> nn.Module:
        """Return what the entry point returns, with ``pretrained=False`` where it is random."""
        import torch

        place, colon, entry = name.rpartition(":")
        local = Path(place).is_dir()
        if not colon or not entry.isidentifier() or not (local or _REPOSITORY.fullmatch(place)):
            raise BadReference(
                f"Expected torchhub:OWNER/REPO:ENTRY or a folder with hubconf.py, but got "
                f"{f'torchhub:{name}'!r}. For example torchhub:pytorch/vision:resnet18."
            )
        with (
            downloading(f"the repository {place}", "its folder" if local else "github.com", False),
            guarded(f"{entry} of {place} to return a model", "Read its hubconf.py."),
        ):
            made = _called(place, entry, "local" if local else "github", random)
        if not isinstance(made, torch.nn.Module):
            raise BadValue(
                f"Expected {entry} of {place} to return an nn.Module, but got "
                f"{type(made).__name__}. Name another entry point."
            )
        return made


def _called(place: str, entry: str, source: str, random: bool) -> object:
    """What the entry point returns; one that knows no ``pretrained`` is called without it."""
    import torch

    load = partial(torch.hub.load, place, entry, source=source, trust_repo=True, verbose=False)
    try:
        return load(pretrained=not random)
    except TypeError as error:
        if "pretrained" not in str(error):
            raise
        return load()
    except RuntimeError as error:
        if "Cannot find callable" not in str(error):
            raise
        raise BadReference(
            f"Expected an entry point of {place}, but got {entry!r}. See its hubconf.py."
        ) from error


KIND = TorchHub()
