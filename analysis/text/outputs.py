"""What a metric reads of a network's outputs, in words. Torch-free."""

from collections.abc import Iterable, Sequence

from prunescope.study import Manifest
from prunescope.study.method import UNITS
from prunescope.study.output_summary import OutputSummary
from prunescope.study.plan import Plan
from prunescope.text.lists import listed

_MOST = 6


def uncounted(outputs: Sequence[OutputSummary], free: Sequence[str]) -> str:
    """Return which outputs count and which layers reach none of them; empty where all count.

    >>> kind, size = OutputSummary("kind", (5,)), OutputSummary("size", (2,), counts=False)
    >>> uncounted((kind, size), ("size_hidden", "size"))
    'Only `kind` counts; `size` is read by no metric. `size_hidden` and `size` reach no counted output: no score says what pruning them does.'
    """  # noqa: E501 - one line of output
    others = [f"`{output.name}`" for output in outputs if not output.counts]
    counted = [f"`{output.name}`" for output in outputs if output.counts]
    if not others:
        return ""
    text = f"Only {_some(counted)} " if counted else "No output "
    text += "counts" if len(counted) < 2 else "count"
    text += f"; {_some(others)} {'is' if len(others) == 1 else 'are'} read by no metric."
    if free:
        layers = _some([f"`{name}`" for name in free])
        reach = "reaches" if len(free) == 1 else "reach"
        them = "it" if len(free) == 1 else "them"
        text += f" {layers} {reach} no counted output: no score says what pruning {them} does."
    return text


def pruned_unseen(manifest: Manifest, plan: Plan) -> str:
    """Return which of the layers that ``plan`` prunes reach no counted output; empty for none."""
    groups = {group.name: group.layers for group in manifest.groups}
    free = set(manifest.free_layers)
    names = [
        name
        for name, choice in plan.active().items()
        if set(groups.get(name, (name,)) if choice.granularity in UNITS else (name,)) <= free
    ]
    if not names:
        return ""
    quoted = _some([f"`{name}`" for name in names])
    return (
        f"{quoted} {'reaches' if len(names) == 1 else 'reach'} no output that the metric reads: "
        "what the plan does there is not in its score. KL and fine-tuning look at all outputs; "
        "exclude what must stay."
    )


def _some(names: Iterable[str]) -> str:
    every = list(names)
    if len(every) <= _MOST:
        return listed(every) if every else ""
    return f"{', '.join(every[:_MOST])} and {len(every) - _MOST} more"
