"""Take blocks out of a graph: each sum becomes what passes the branch by."""

from collections.abc import Iterable

from torch import fx, nn

from prunescope.blocks.block import Block


def drop(module: fx.GraphModule, blocks: Iterable[Block]) -> None:
    """Remove ``blocks`` from ``module``, and the tensors that nothing reads from then on.

    A tensor that nobody read before stays, unless it is of a layer whose others have left (the
    count of batches of a batch norm).

    Args:
        module: Changed; a graph with the blocks' sums by name, whose units may have left already.
        blocks: Found in the graph that it was made from.
    """
    nodes = {node.name: node for node in module.graph.nodes}
    before = _read(module)
    read = [node for node in module.graph.nodes if node.users]
    for block in blocks:
        add = nodes[block.add]
        add.replace_all_uses_with(add.args[1 - block.branch])
        module.graph.erase_node(add)
        read.remove(add)
    for node in reversed(read):  # fx itself would keep attention, as it can drop out at random
        if node.op != "placeholder" and not node.users:
            module.graph.erase_node(node)
    unread = before - _read(module)
    tensors = _tensors(module)
    gone = {name for name, tensor in tensors.items() if id(tensor) in unread}
    staying = {_owner(name) for name in tensors if name not in gone and not _is_count(name)}
    emptied = {_owner(name) for name in gone} - staying
    gone |= {name for name in tensors if _is_count(name) and _owner(name) in emptied}
    for name in gone:
        _delete(module, name)
    module.graph.lint()
    module.recompile()


def _read(module: fx.GraphModule) -> set[int]:
    """The identities of the tensors that the graph reads."""
    tensors = _tensors(module)
    targets = {str(node.target) for node in module.graph.nodes if node.op == "get_attr"}
    return {id(tensors[target]) for target in targets if target in tensors}


def _tensors(module: nn.Module) -> dict[str, object]:
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _is_count(name: str) -> bool:
    return name.endswith("num_batches_tracked")


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _delete(module: nn.Module, name: str) -> None:
    path, _, own = name.rpartition(".")
    delattr(module.get_submodule(path), own)
