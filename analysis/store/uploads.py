"""Weights that a viewer brings along: looked through, named by their content, never run.

Only safetensors: a header of names, types and offsets, and numbers. What a file is called does not
matter, what it holds does.
"""

import hashlib
from pathlib import Path
from typing import Final

from prunescope.errors import BadValue
from prunescope.fence.safetensors_files import require_honest_tensors
from prunescope.store.files import storage, write_atomically
from prunescope.text.units import bytes_

UPLOADS: Final = ".uploads"
MOST_MEGABYTES: Final = 48
"""Of one file, as ``maxUploadSize`` has them too: ResNet-18 has 45."""
MOST: Final = MOST_MEGABYTES * 1_000_000
_MOST_TOGETHER: Final = 1 << 30
_ENDING: Final = ".safetensors"


def keep_weights(studies: Path, name: str, content: bytes) -> Path:
    """Keep the file of weights ``content`` in the folder ``studies`` and return its place.

    Args:
        studies: Folder of studies.
        name: As its owner calls it.
        content: Bytes of a safetensors file.

    Raises:
        BadValue: Another kind of file, too large, or too much of it all.
        DamagedFile: No safetensors file; nothing of it stays.
    """
    label = Path(name).name[:80] or "the file"
    if not name.endswith(_ENDING):
        raise BadValue(
            f"Expected weights as {_ENDING}, but got {label!r}: other files can hold code. Save "
            "them by safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')."
        )
    if len(content) > MOST:
        raise BadValue(
            f"Expected at most {bytes_(MOST)} of weights, but {label!r} has "
            f"{bytes_(len(content))}. Ask the owner to offer it."
        )
    folder = studies / UPLOADS
    path = folder / f"{hashlib.sha256(content).hexdigest()[:20]}{_ENDING}"
    if path.is_file():
        return path
    together = sum(other.stat().st_size for other in folder.glob(f"*{_ENDING}"))
    if together + len(content) > _MOST_TOGETHER:
        raise BadValue(
            f"Expected at most {bytes_(_MOST_TOGETHER)} of weights in {folder}, but {label!r} "
            "would be more. Ask the owner to clear it: studies keep their own networks."
        )
    write_atomically(path, content)
    try:
        require_honest_tensors(path)
    except Exception:
        with storage(path):
            path.unlink(missing_ok=True)
        raise
    return path
