"""The captured graph reduced to what people look for: layers, where branches meet, the ends."""

from dataclasses import dataclass

from prunescope.study import Manifest


@dataclass(frozen=True)
class NetworkNode:
    """A layer, a place where branches meet, an input or an output.

    Attributes:
        name: Of the layer; of others the operator: ``add``, ``input``.
        layer: Whether it is a layer.
        reads: Places of the nodes that it reads, without repeats.
        block: Dotted prefix that neighbouring layers share, or ''.
    """

    name: str
    layer: bool
    reads: tuple[int, ...]
    block: str


def network_nodes(manifest: Manifest) -> tuple[NetworkNode, ...]:
    """Return the nodes in the order in which they run; without a graph, the layers as a chain.

    What reads one node only and is no layer (activations, norms, reshapes) is passed through.
    """
    layers = {layer.parameter: layer.name for layer in manifest.layers}
    if manifest.graph is None:
        return tuple(
            NetworkNode(name, True, (place - 1,) if place else (), block_of(name))
            for place, name in enumerate(layers.values())
        )
    written = {parameter.replace(".", "_"): name for parameter, name in layers.items()}
    nodes: list[NetworkNode] = []
    sources: list[tuple[int, ...]] = []  # of every node of the graph, the nodes it comes from
    block = ""
    for node in manifest.graph.nodes:
        if node.operator in ("parameter", "sym_size"):  # a batch's size carries no samples
            sources.append(())
            continue
        reads = tuple(dict.fromkeys(place for one in node.reads for place in sources[one]))
        own = [
            written[name]
            for name in (manifest.graph.nodes[one].name for one in node.reads)
            if name in written
        ]
        ends = node.operator in ("input", "output")
        if not own and len(reads) < 2 and not ends:
            sources.append(reads)
            continue
        name = own[0] if own else node.operator
        block = block_of(name) if own else "" if ends else block
        nodes.append(NetworkNode(name, bool(own), reads, block))
        sources.append((len(nodes) - 1,))
    return tuple(nodes)


def block_of(name: str) -> str:
    """Return the part of a layer's name that says which block it is in.

    >>> block_of("layer1.0.conv1"), block_of("blocks.3.attn.qkv"), block_of("features.3")
    ('layer1.0', 'blocks.3', 'features')
    >>> block_of("fc")
    ''
    """
    parts = name.split(".")
    numbers = [place for place, part in enumerate(parts[:-1]) if part.isdigit()]
    return ".".join(parts[: numbers[0] + 1] if numbers else parts[:-1])
