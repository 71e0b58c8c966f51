"""``trust``: vouch for the code that a study names."""

from typing import Annotated

import typer

from prunescope.cli.shared_options import StudyArgument
from prunescope.cli.terminal import console
from prunescope.errors import Cancelled
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import code_of, vouch, vouch_function
from prunescope.study import Method, is_user_criterion


def trust(
    study: StudyArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let this account run the Python files that a study from elsewhere names.

    What you name yourself on the command line needs no such word.
    """
    manifest = StudyFolder.open(study).manifest
    reference = manifest.reference.within(study)
    criteria = (Method.parse(summary.name).criterion for summary in manifest.methods)
    functions = sorted({name.partition("#")[0] for name in criteria if is_user_criterion(name)})
    code = (*code_of(reference), *functions)
    if not code:
        console.print("This study names no code: nothing needs your word.")
        return
    for each in code:
        console.print(each, highlight=False, markup=False)
    if not yes and not typer.confirm("Run this with your rights whenever the study asks for it?"):
        raise Cancelled("Nothing was trusted.")
    vouch(reference)
    for function in functions:
        vouch_function(function)
    console.print("Kept: jobs and commands on this study now run it.")
