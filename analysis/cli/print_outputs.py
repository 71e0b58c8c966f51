"""Print what a model returns, and which layers serve one output alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from prunescope.cli.terminal import console
from prunescope.text.numbers import counted

if TYPE_CHECKING:
    from prunescope.capture.outputs import Output

_NAMED: Final = 6


def print_outputs(outputs: "Sequence[Output]") -> None:
    """Print a line for each output, where a model has several."""
    if len(outputs) < 2:
        return
    console.print(f"\nOutputs, all of which stay unless --outputs names some ({len(outputs)}):")
    for output in outputs:
        shape = "×".join(map(str, output.shape))
        console.print(f"  {output.name}  {shape}  {_reach(output)}", highlight=False, markup=False)


def _reach(output: "Output") -> str:
    if not output.only:
        return f"needs {counted(len(output.layers), 'layer')}"
    named = ", ".join(output.only[:_NAMED])
    more = f" and {len(output.only) - _NAMED} more" if len(output.only) > _NAMED else ""
    return f"needs {counted(len(output.layers), 'layer')}; only it needs {named}{more}"
