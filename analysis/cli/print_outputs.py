"""What ``inspect`` and ``sweep`` print of a network's outputs."""

from collections.abc import Sequence

from prunescope.cli.terminal import console
from prunescope.study.output_summary import OutputSummary
from prunescope.text.outputs import uncounted


def print_outputs(outputs: Sequence[OutputSummary], free: Sequence[str]) -> None:
    """Print the outputs where there are several, with the layers that reach only them.

    Args:
        outputs: What the network returns.
        free: Layers that reach no output that counts.
    """
    if len(outputs) < 2:
        return
    console.print(f"\nOutputs, all of which stay unless --outputs names some ({len(outputs)}):")
    for output in outputs:
        shape = "×".join(map(str, output.shape)) or "one number"
        only = f"; only it is reached by {', '.join(output.only)}" if output.only else ""
        console.print(f"  {output.name}  {shape}{only}", highlight=False, markup=False)
    if text := uncounted(outputs, free):
        console.print(text, highlight=False, markup=False)
