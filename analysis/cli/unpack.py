"""``unpack`` a study that somebody packed."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.api.packed import unpack as unpack_study
from prunescope.cli.shared_options import named_path
from prunescope.cli.terminal import console
from prunescope.store.packed_study import missing_parts, size_of


def unpack(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A zip of pack.", parser=named_path)
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="Folder to make; named after FILE by default.",
            parser=named_path,
        ),
    ] = None,
) -> None:  # fmt: skip
    """Unpack a study that somebody packed, after every file in it was looked through."""
    study = unpack_study(file, output)
    console.print(
        f"{study.folder}  {size_of(study.folder)}. See it: prunescope show {study.folder}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    for sentence in missing_parts(study.manifest.reference):
        console.print(sentence, highlight=False, markup=False)
