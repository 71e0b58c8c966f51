"""Pickles of ``torch.save``, read as a list of instructions and never run.

``torch.load(weights_only=True)`` already refuses what is not on its list. This list is shorter:
what a state dict of plain tensors needs. A pickle names the functions it calls as plain
text, so they are compared before torch sees the file.
"""

import io
import pickletools
import re
import zipfile
from typing import IO, Final

from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

MOST_INSTRUCTIONS: Final = 20_000_000
MOST_BYTES: Final = 512 << 20
_LEGACY_PICKLES: Final = 5
"""Old files of torch.save are five pickles in a row: magic, version, system, content, keys."""

_PROTOCOL: Final = b"\x80"
_ALLOWED: Final = re.compile(
    r"collections OrderedDict|torch\._utils _rebuild_(tensor|tensor_v2|parameter)"
    r"|torch (\w+Storage|Size|device|u?int\d+|float\w*|bfloat16|half|double|bool|long|"
    r"complex\d+|cdouble|cfloat)|torch\.storage (UntypedStorage|TypedStorage)"
    r"|torch\.nn\.parameter Parameter|_codecs encode"
)
_CODE: Final = frozenset(
    ("INST", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "STACK_GLOBAL", "PERSID")
)


def check_pickle(file: IO[bytes], pickles: int = 1) -> None:
    """Refuse a pickle that names anything but tensors and their containers.

    Args:
        file: At the start of the pickle; read up to its end.
        pickles: How many follow each other at most.

    Raises:
        Refusal: It could call something else, is damaged, or is longer than any state dict.
    """
    seen = 0
    for number in range(pickles):
        try:
            for instruction, argument, _ in pickletools.genops(file):
                seen += 1
                if seen > MOST_INSTRUCTIONS:
                    raise Refusal(
                        f"its pickle has more than {exact(MOST_INSTRUCTIONS)} instructions"
                    )
                if instruction.name in _CODE:
                    raise Refusal("it holds pickled objects, which could run code")
                if instruction.name == "GLOBAL" and not _ALLOWED.fullmatch(str(argument)):
                    raise Refusal(
                        f"it holds pickled objects ({quoted(argument)}), which could run code"
                    )
        except (ValueError, IndexError, EOFError, UnicodeDecodeError) as error:
            if number == 0:
                raise Refusal("its pickle is damaged", damage=True) from error
            return


def check_saved(content: IO[bytes], archive: zipfile.ZipFile | None) -> None:
    """Refuse a file of ``torch.save`` that names anything but tensors and their containers.

    Args:
        content: The whole file, at its start.
        archive: The file as a zip archive whose members were checked; None for the old format.
    """
    if archive is None:
        start = content.read(1)
        if start != _PROTOCOL:
            raise Refusal("it is no file of torch.save", damage=True)
        content.seek(0)
        check_pickle(content, _LEGACY_PICKLES)
        return
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1 or names[0].count("/") != 1:
        raise Refusal("it has no data.pkl, or several", damage=True)
    if archive.getinfo(names[0]).file_size > MOST_BYTES:
        raise Refusal(f"its pickle has more than {MOST_BYTES >> 20} MiB")
    if any("/code/" in name or name.endswith("/constants.pkl") for name in archive.namelist()):
        raise Refusal("it holds the code of a TorchScript program")
    check_pickle(io.BytesIO(archive.read(names[0])))
