"""Weights in several files: a folder as Hugging Face writes it, or the index of its shards."""

import json
import re
from pathlib import Path
from typing import Final

from prunescope.errors import BadReference, DamagedFile
from prunescope.fence.json_text import parsed
from prunescope.fence.refusal import Refusal

_INDEX: Final = ".index.json"
_WHOLE: Final = ("model.safetensors", "pytorch_model.bin")
_NAME: Final = re.compile(r"[\w-][\w.-]{0,200}\.(safetensors|bin|pt|pth)")
_MOST: Final = 64 << 20


def weight_files(path: Path) -> tuple[Path, ...]:
    """Return the files that hold the weights in ``path``: itself, a folder's or an index's.

    In a folder one file stands before shards, and safetensors before a state dict of torch.

    Raises:
        BadReference: There is nothing, or it is not said which of several files it is.
        DamagedFile: The index is none, or names a file that is not there.
    """
    if path.name.endswith(_INDEX) and path.is_file():
        return _of_index(path)
    if not path.is_dir():
        return (path,)
    for suffix in ("safetensors", "bin"):
        whole = next(path / name for name in _WHOLE if name.endswith(suffix))
        if whole.is_file():
            return (whole,)
        indices = sorted(path.glob(f"*.{suffix}{_INDEX}"))
        if indices:
            return _of_index(indices[0])
    files = sorted(path.glob("*.safetensors"))
    shards = [file for file in files if re.search(r"-of-\d+\.", file.name)]
    if files and (len(files) == 1 or shards == files):
        return tuple(files)
    held = f"{len(files)} of them and no index" if files else "none"
    raise BadReference(
        f"Expected the folder {path} to hold model.safetensors, or shards with their index, but it "
        f"has {held}. Name the file."
    )


def _of_index(path: Path) -> tuple[Path, ...]:
    try:
        content = path.read_bytes()[: _MOST + 1]
        parsed(content, _MOST)
        places = json.loads(content)["weight_map"].values()
        names = sorted({str(name) for name in places})
    except Refusal as refusal:
        raise _damaged(path, refusal.reason) from refusal
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"it cannot be read ({type(error).__name__})") from error
    for name in names:
        if not _NAME.fullmatch(name) or not (path.parent / name).is_file():
            raise _damaged(path, f"it names {name[:80]!r}, which is no file beside it")
    return tuple(path.parent / name for name in names)


def _damaged(path: Path, reason: str) -> DamagedFile:
    return DamagedFile(
        f"Expected {path} to say in which files the weights are, but {reason}. Download the folder "
        "again."
    )
