"""A captured program as a file of a study: without samples, source lines or folders in it."""

import re
from pathlib import Path
from typing import Final

import torch

from prunescope.capture.named_outputs import name_outputs, plain_outputs

_PRINTED: Final = re.compile(r'^\s*File "([^"]+)", line (\d+)', re.MULTILINE)
_INSTALLED: Final = "-packages/"


def write_program(program: torch.export.ExportedProgram, path: Path) -> None:
    """Write ``program`` to ``path``, which ends in ``.pt2``.

    The file holds neither the samples that it was captured with nor the author's source; of the
    lines that its operators come from, only the names of the files stay. The program itself keeps
    all of that, but for its operators' printed stacks, which are shortened in place.
    """
    for node in program.graph_module.graph.nodes:
        trace = node.meta.pop("stack_trace", None)
        if trace:
            node.meta["stack_trace"] = shortened_trace(trace)
    inputs = program.example_inputs
    program._example_inputs = None
    plain_outputs(program)
    try:
        torch.export.save(program, path)
    finally:
        name_outputs(program)
        program._example_inputs = inputs


def shortened_trace(trace: str) -> str:
    r"""Return a printed stack without source lines and without folders outside of the working one.

    >>> shortened_trace('  File "/home/ann/net.py", line 3, in forward\\n    return self.fc(x)')
    'File "net.py", line 3'
    """
    return "\n".join(
        f'File "{_short(file)}", line {line}' for file, line in _PRINTED.findall(trace)
    )


def _short(file: str) -> str:
    _, inside, rest = file.rpartition(_INSTALLED)
    if inside:
        return f"site{_INSTALLED}{rest}"
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.name
