"""Whose word it takes before code that a study names is run. Torch-free.

References that run Python when they are loaded are ``file.py:function``,
``package.module:function`` and kinds of models that say so (``torchhub:``). (A ``.pt2`` file does
not: see ``prunescope.fence``; so the model of a study that keeps its network needs nobody's word,
while its data and metric may.) A study's manifest and its plans name them, and a study can come
from anywhere. So they are run where the owner of the account vouched for exactly them: by typing
them on the command line or in Python, by ``prunescope trust STUDY``, or by keeping the file in the
folder that ``prunescope dashboard --models DIR`` names. The word is kept outside of every study.
"""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Final

from prunescope.commands import next_steps
from prunescope.data_kinds.registry import data_kind_of
from prunescope.errors import NotTrusted, StorageFailure
from prunescope.model_kinds.registry import kind_of
from prunescope.store.files import write_atomically
from prunescope.study.bounds import checked_reference
from prunescope.study.manifest import KEPT, LIVE, Reference

MODELS: Final = "PRUNESCOPE_MODELS"
"""Environment variable: the folder of models, data and metrics that the owner offers."""

_HARMLESS: Final = {
    "model": (KEPT, LIVE),
    "data": ("sample:", KEPT, LIVE),
    "metric": (LIVE,),
    "loss": (LIVE,),
}
"""What begins so is looked up or read, never run; so are kinds of models that run no code, and all
kinds of data.
"""


def code_of(reference: Reference) -> tuple[str, ...]:
    """Return what of ``reference`` runs Python, each with the place that it would come from.

    >>> code_of(Reference("sample:mlp", "imagefolder:pictures", "top-1"))
    ()
    """
    texts = [
        text
        for kind, harmless in _HARMLESS.items()
        for text in (getattr(reference, kind), *(reference.also if kind == "metric" else ()))
        if not text.startswith(harmless) and _runs(text)
        if kind != "model" or not _is_harmless_kind(text)
        if kind != "data" or data_kind_of(text) is None
    ]
    return tuple(dict.fromkeys(map(_placed, texts)))


def vouch(reference: Reference) -> None:
    """Keep that this account's owner runs the code of ``reference``.

    Without a home to keep it in, nothing is kept: a later job then asks for ``prunescope trust``.
    """
    for code in code_of(reference):
        _vouch(code)


def vouch_function(text: str) -> None:
    """Keep that this account's owner runs the function that ``text`` refers to."""
    _vouch(_placed(text))


def _vouch(code: str) -> None:
    with contextlib.suppress(StorageFailure, RuntimeError):
        path = _record(code)
        if not path.is_file():
            write_atomically(path, code.encode() + b"\n")


def require_vouched(reference: Reference, study: Path | None = None) -> Reference:
    """Return ``reference`` if everything that is loaded for it and runs code is vouched for.

    Args:
        reference: Of model, data and metric.
        study: The folder whose own files are loaded in place of what they were made from.

    Raises:
        NotTrusted: Something is not; the sentence names it and says how to vouch for it.
    """
    for code in code_of(reference.within(study)):
        _require(code)
    return reference


def require_vouched_function(text: str) -> None:
    """Raise ``NotTrusted`` unless the function that ``text`` refers to is vouched for."""
    _require(_placed(text))


def _require(code: str) -> None:
    if not (_offered(code) or _kept(code)):
        raise NotTrusted(
            "Expected code that you have named yourself on this machine, but the study names "
            f"{code}. Read it; if you trust it, run: {next_steps.trust()}."
        )


def offered_folder() -> Path | None:
    """Return the folder that the owner offers by ``--models``, if there is one."""
    folder = os.environ.get(MODELS)
    return Path(folder).resolve() if folder else None


def _is_harmless_kind(model: str) -> bool:
    named = kind_of(model)
    return named is not None and not named[0].runs_code


def _runs(text: str) -> bool:
    where, colon, _ = text.rpartition(":")
    return bool(colon and where)


def _placed(text: str) -> str:
    """The reference with the place that it would be loaded from at present."""
    where, _, name = checked_reference(text).rpartition(":")
    if where.endswith(".py"):
        return f"{Path(where).resolve()}:{name}"
    named = kind_of(text)
    if named is not None:  # a kind that runs code: of a repository, or of a folder
        folder = Path(named[1].rpartition(":")[0])
        return f"{named[0].name}:{folder.resolve()}:{name}" if folder.is_dir() else text
    top = where.partition(".")[0]
    here = Path.cwd()
    local = (here / top).is_dir() or (here / f"{top}.py").is_file()
    return f"{text} of {here if local else 'the environment'}"


def _offered(code: str) -> bool:
    folder = offered_folder()
    file = code.rpartition(":")[0]
    inside = file.endswith(".py") and Path(file).is_absolute()
    return folder is not None and inside and Path(file).is_relative_to(folder)


def _kept(code: str) -> bool:
    try:
        return _record(code).read_bytes() == code.encode() + b"\n"
    except (OSError, RuntimeError):
        return False


def _record(code: str) -> Path:
    """One file for each, so that two processes that vouch at once lose nothing."""
    home = os.environ.get("XDG_STATE_HOME")
    state = Path(home) if home else Path.home() / ".local" / "state"
    return state / "prunescope" / "trusted" / hashlib.sha256(code.encode()).hexdigest()
