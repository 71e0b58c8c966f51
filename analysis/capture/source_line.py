"""Which line of forward() an operator of the graph comes from."""

from torch import fx

from prunescope.user_code.blame import printed_place


def source_line(node: fx.Node) -> str:
    """Return ``model.py:42``, the line of the user's code that ``node`` was captured from, or ''.

    An operator that rewriting put into the graph has the line of what it reads.
    """
    seen = [node]
    for candidate in seen:
        place = printed_place(candidate.meta.get("stack_trace") or "")
        if place:
            return place
        if len(seen) < _MOST:
            seen += [source for source in candidate.all_input_nodes if source not in seen]
    return ""


_MOST = 8
