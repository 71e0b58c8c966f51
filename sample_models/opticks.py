"""Newton's Opticks, fourth edition of 1730: the text that the sample language model reads.

The text is in the public domain everywhere. It was proofread by the Online Distributed
Proofreading Team; the file is the one that comes with the sources of Go
(``src/compress/bzip2/testdata/Isaac.Newton-Opticks.txt.bz2``), byte for byte.

Bytes are the tokens. Windows of 128 lie side by side; the last tenth of the text is *test*, the
tenth before it *validation*; *calibration* windows are drawn from the rest, which is *train*.
"""

import bz2
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

LENGTH: Final = 128
CLASSES: Final[tuple[str, ...]] = ()
SPLITS: Final = ("calibration", "validation", "test")

_FILE: Final = Path(__file__).parent / "data" / "opticks.txt.bz2"
_CALIBRATION: Final = 2048
_SEED: Final = 1730

Letters = npt.NDArray[np.int64]


class Windows(NamedTuple):
    """Bytes ``(n, LENGTH)`` int64 and, at every place, the byte that follows."""

    letters: Letters
    following: Letters


def text() -> str:
    """Return the text from its title on."""
    whole = bz2.decompress(_FILE.read_bytes()).decode("utf-8")
    return whole[whole.index("OPTICKS:") :]


def split(name: str) -> Windows:
    """Return the windows of ``train``, ``calibration``, ``validation`` or ``test``.

    >>> split("test").letters.shape[1]
    128
    """
    letters = np.frombuffer(text().encode("utf-8"), np.uint8).astype(np.int64)
    count = (len(letters) - 1) // LENGTH
    tenth = count // 10
    rows = {
        "train": np.arange(count - 2 * tenth),
        "validation": np.arange(count - 2 * tenth, count - tenth),
        "test": np.arange(count - tenth, count),
    }
    drawn = np.random.default_rng(_SEED).permutation(rows["train"])[:_CALIBRATION]
    chosen = drawn if name == "calibration" else rows[name]
    places = chosen[:, None] * LENGTH + np.arange(LENGTH)
    return Windows(letters[places], letters[places + 1])


def arrays(name: str) -> tuple[Letters, Letters]:
    """Return inputs and targets of one of the splits, as the network takes them."""
    letters, following = split(name)
    return letters, following
