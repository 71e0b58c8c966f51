"""``merge``: put what several machines measured into one study."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from prunescope.api.merge import merged
from prunescope.cli.shared_options import JsonOption, named_path
from prunescope.cli.terminal import console, errors, print_json
from prunescope.object_store.address import checked_source
from prunescope.store.merge import Merged
from prunescope.text.lists import listed
from prunescope.text.numbers import counted, exact


def merge(
    study: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY", help="Folder to put everything into; made where there is none.",
            parser=named_path,
        ),
    ],
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FROM...",
            help="Studies of the same model and data, which are only read; also s3://BUCKET/NAME.",
            parser=checked_source,
        ),
    ],
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Put the points, plans and logits of several studies of one model and data into one.

    Such as those that sweeps with --shard made on different machines.
    """
    results = []
    for result in merged(study, sources):
        results.append(result)
        if not json:
            console.print(_told(result), highlight=False, markup=False)
            if result.unread:
                errors.print(
                    f"Not read, because damaged: {listed(result.unread)}.",
                    highlight=False, markup=False,
                )  # fmt: skip
    if json:
        print_json([asdict(result) for result in results])
    else:
        errors.print(f"See them: prunescope show {study}", highlight=False, markup=False)


def _told(result: Merged) -> str:
    parts = [
        f"{counted(result.points, 'new point')}",
        *([f"{exact(result.further)} taken further"] if result.further else ()),
        *([f"{exact(result.known)} known before"] if result.known else ()),
        *([counted(result.verified, "verified plan")] if result.verified else ()),
        *([f"saved plan {listed(result.plans)}"] if result.plans else ()),
    ]
    return f"{result.folder}: {listed(parts)}."
