"""``pack`` a study into one file."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from prunescope.api.packed import pack as pack_study
from prunescope.cli.shared_options import JsonOption, StudyArgument, named_path
from prunescope.cli.terminal import console, print_json
from prunescope.text.units import bytes_


def pack(
    study: StudyArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="File; STUDY.zip beside it by default.",
            parser=named_path,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is no packed study, too.")
    ] = False,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Write a study into one zip that somebody else can go on with."""
    packed = pack_study(study, output, force=force)
    if json:
        print_json(asdict(packed) | {"path": str(packed.path)})
        return
    console.print(f"{packed.path}  {bytes_(packed.bytes)}", highlight=False, soft_wrap=True)
    for sentence in packed.needs:
        console.print(sentence, highlight=False, markup=False)
