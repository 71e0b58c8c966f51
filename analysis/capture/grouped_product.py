"""Products of rows with one of several matrices, as mixtures of experts compute them.

Rows are sorted by expert, and ``ends`` says where each expert's rows end. Packages bring operators
of their own for that, which a study on another machine would lack, and torch's takes only widths
that suit its kernels. The graph calls ``prunescope::grouped_mm`` instead; files for others hold
plain operators (``plain_operators``).
"""

from typing import Any, Final

import torch
from torch import Tensor, fx

from prunescope.capture.functional import operator_name

NAME: Final = "grouped_mm"
_FOREIGN: Final = ("grouped_mm_fallback", "_grouped_mm")


@torch.library.custom_op("prunescope::grouped_mm", mutates_args=())
def grouped_mm(rows: Tensor, matrices: Tensor, ends: Tensor) -> Tensor:
    """Return ``(n, out)``: each of ``rows`` (n, in) times its expert's of ``matrices``.

    Args:
        rows: Sorted by expert; those behind the last end give zeros.
        matrices: ``(experts, in, out)``.
        ends: ``(experts,)``: how many rows belong to an expert or one before it.
    """
    result = rows.new_zeros(len(rows), matrices.shape[2])
    start = 0
    for matrix, end in zip(matrices, ends.tolist(), strict=True):
        if end > start:
            torch.mm(rows[start:end], matrix, out=result[start:end])
            start = end
    return result


@grouped_mm.register_fake
def _shape(rows: Tensor, matrices: Tensor, ends: Tensor) -> Tensor:  # noqa: ARG001
    return rows.new_empty(rows.shape[0], matrices.shape[2])


@torch.library.custom_op("prunescope::grouped_outer", mutates_args=())
def _outer(rows: Tensor, gradient: Tensor, ends: Tensor) -> Tensor:
    """The gradient by the matrices: rows, transposed, times ``gradient``, expert by expert."""
    result = rows.new_zeros(len(ends), rows.shape[1], gradient.shape[1])
    start = 0
    for place, end in enumerate(ends.tolist()):
        if end > start:
            result[place] = rows[start:end].t() @ gradient[start:end]
            start = end
    return result


@_outer.register_fake
def _outer_shape(rows: Tensor, gradient: Tensor, ends: Tensor) -> Tensor:
    return rows.new_empty(ends.shape[0], rows.shape[1], gradient.shape[1])


def _remember(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:  # noqa: ARG001
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
    rows, matrices, ends = ctx.saved_tensors
    gradient = gradient.contiguous()
    by_rows = grouped_mm(gradient, matrices.transpose(1, 2), ends)
    return by_rows, _outer(rows, gradient, ends), None


grouped_mm.register_autograd(_backward, setup_context=_remember)


def own_grouped(graph: fx.Graph) -> None:
    """Call our operator in ``graph`` where it calls that of a package, or torch's."""
    for node in graph.nodes:
        if node.op == "call_function" and operator_name(node) in _FOREIGN and _is_plain(node):
            node.target = torch.ops.prunescope.grouped_mm.default
            node.args, node.kwargs = node.args[:3], {}


def _is_plain(node: fx.Node) -> bool:
    """Whether rows meet a stack of matrices, sorted by ends, and nothing else is asked for."""
    extra = [*node.args[3:], *node.kwargs.values()]
    values = [source.meta.get("val") for source in node.args[:3] if isinstance(source, fx.Node)]
    ranks = [value.ndim for value in values if isinstance(value, Tensor)]
    return ranks == [2, 3, 1] and all(value is None for value in extra)


def plain_operators(module: fx.GraphModule) -> fx.GraphModule:
    """Return ``module`` with torch's own operators only: a matrix is fetched for each row.

    It shares all tensors with ``module``, and is ``module`` where nothing had to change. It needs
    the memory of a matrix for each row, so it is for files, which any runtime should read.
    """
    target = torch.ops.prunescope.grouped_mm.default
    if not any(node.target is target for node in module.graph.nodes):
        return module
    graph = fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    graph.set_codegen(module.graph._codegen)
    plain = fx.GraphModule(module, graph)
    for node in list(graph.nodes):
        if node.target is target:
            with graph.inserting_before(node):
                _fetch(graph, node)
    graph.eliminate_dead_code()
    plain.recompile()
    return plain


def _fetch(graph: fx.Graph, node: fx.Node) -> None:
    aten = torch.ops.aten
    rows, matrices, ends = node.args
    assert isinstance(ends, fx.Node)
    experts = _sorted_experts(ends)
    if experts is None:
        count = graph.call_function(aten.sym_size.int, (rows, 0))
        ones = graph.call_function(aten.new_ones.default, (ends, [count]))
        places = graph.call_function(aten.cumsum.default, (ones, 0))
        columns = graph.call_function(aten.unsqueeze.default, (places, 1))
        passed = graph.call_function(aten.gt.Tensor, (columns, ends))
        experts = graph.call_function(aten.sum.dim_IntList, (passed, [1]))
    own = graph.call_function(aten.index.Tensor, (matrices, [experts]))
    single = graph.call_function(aten.unsqueeze.default, (rows, 1))
    product = graph.call_function(aten.bmm.default, (single, own))
    result = graph.call_function(aten.squeeze.dim, (product, 1))
    node.replace_all_uses_with(result)
    graph.erase_node(node)


def _sorted_experts(ends: fx.Node) -> fx.Node | None:
    """The expert of each row, where ``ends`` adds up how many rows each expert has."""
    source: Any = ends
    for names in (("cumsum",), ("histc",), ("to", "_to_copy", "float", "int")):
        if operator_name(source) not in names:
            return source if names[0] == "to" else None
        source = source.args[0]
    return source if isinstance(source, fx.Node) else None
