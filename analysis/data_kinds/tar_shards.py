"""Samples in tar files, read in place: pictures, arrays and labels, never a pickle."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from prunescope.errors import DataMismatch
from prunescope.text.units import bytes_
from prunescope.user_code.guard import guarded

_MOST_BYTES: Final = 256 << 20
"""Of one member: what claims to be larger is no sample."""
_PICTURES: Final = ("jpg", "jpeg", "png", "webp", "ppm", "pgm", "bmp")
_PIXELS: Final = 1 << 26


class Member(NamedTuple):
    """One file in a shard."""

    shard: tarfile.TarFile
    info: tarfile.TarInfo


class Shards:
    """Open shards; close them by leaving the ``with``.

    Args:
        transform: From a picture, as PIL reads it, to a tensor.
        field: Of ``json`` members that hold a dict, what is taken.
    """

    def __init__(self, transform: Callable[[Any], Any], field: str) -> None:
        self._transform, self._field = transform, field
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._open.close()

    def samples(self, files: Iterable[Path]) -> list[Mapping[str, Member]]:
        """Return every sample of the shards in their order: its members by ending.

        Raises:
            DataMismatch: A file is no tar, or holds no samples.
        """
        found: dict[tuple[str, str], dict[str, Member]] = {}
        for path in files:
            with guarded(
                f"{path} to be a tar file", "Write the shard again, without compression.",
                DataMismatch, f"reading {path}",
            ):  # fmt: skip
                shard = self._open.enter_context(tarfile.open(path, "r:"))  # noqa: SIM115
                for info in shard:
                    folder, _, file = info.name.rpartition("/")
                    key, dot, ending = file.partition(".")
                    if info.isreg() and not info.issparse() and key and dot:
                        sample = found.setdefault((str(path), f"{folder}/{key}"), {})
                        sample[ending.lower()] = Member(shard, info)
        if not found:
            raise DataMismatch(
                "Expected members called key.ending in the shards, but there are none. Write them "
                "as webdataset's ShardWriter does."
            )
        return list(found.values())

    def read(self, sample: Mapping[str, Member], ending: str) -> Any:
        """Return the member with this ending as a tensor.

        Raises:
            DataMismatch: It is not there, or is none of pictures, arrays and labels.
        """
        if ending not in sample:
            other = next(iter(sample.values())).info.name
            raise DataMismatch(
                f"Expected every sample to have a member .{ending}, but the one of {other} has "
                f"{', '.join(sorted(sample))}. Leave it out of the shards."
            )
        shard, info = sample[ending]
        last = ending.rpartition(".")[2]
        if info.size > _MOST_BYTES:
            raise DataMismatch(
                f"Expected members of at most {bytes_(_MOST_BYTES)}, but {info.name} has "
                f"{bytes_(info.size)}. Cut it into samples."
            )
        with guarded(
            f"{info.name} to be a .{ending} that can be read", "Mend or leave out the sample.",
            DataMismatch, f"reading {info.name}",
        ):  # fmt: skip
            stream = shard.extractfile(info)
            assert stream is not None  # a regular file
            return self._tensor(stream.read(), last)

    def _tensor(self, content: bytes, ending: str) -> Any:
        import numpy as np
        import torch

        if ending in _PICTURES:
            from PIL import Image

            picture = Image.open(io.BytesIO(content))
            if picture.width * picture.height > _PIXELS:
                raise DataMismatch(f"it has {picture.width}×{picture.height} pixels")
            return self._transform(picture)
        if ending == "npy":
            values = np.load(io.BytesIO(content), allow_pickle=False)
            values = values.astype(values.dtype.newbyteorder("="))
            return torch.from_numpy(values.astype(np.float32) if values.dtype == float else values)
        if ending in ("cls", "txt", "index"):
            return torch.tensor(int(content.decode("ascii")))
        if ending == "json":
            value = json.loads(content)
            return torch.tensor(value[self._field] if isinstance(value, dict) else value)
        raise DataMismatch(
            f"Expected pictures, npy, cls, txt or json, but got .{ending}. Write samples in one of "
            "these."
        )
