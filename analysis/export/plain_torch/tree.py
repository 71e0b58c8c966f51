"""The tree of modules that gives every tensor its own name, as lines of a constructor."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from torch import Tensor, nn

from prunescope.export.plain_torch.literals import is_number, literal, name

SELF: Final = "self"


@dataclass
class Place:
    """A module of the tree.

    Attributes:
        children: By name or number.
        layer: Source that constructs it where it is a layer of ``torch.nn``.
        tensors: Of its own, by their last names, where it is none.
    """

    children: dict[str, "Place"] = field(default_factory=dict)
    layer: str | None = None
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def at(self, path: str) -> "Place":
        """Return the place at a dotted path, made where it is missing."""
        place = self
        for part in filter(None, path.split(".")):
            place = place.children.setdefault(part, Place())
        return place

    @property
    def is_list(self) -> bool:
        """Whether its children are numbered."""
        return bool(self.children) and all(map(is_number, self.children)) and not self.tensors


def access(root: Place, path: str) -> str:
    """Return the expression of a module or tensor at a dotted path.

    Raises:
        CannotCapture: A part of the path is no name.
    """
    said, place = SELF, root
    for part in filter(None, path.split(".")):
        said = _step(place, said, part)
        place = place.children.get(part, Place())
    return said


def tree(module: nn.Module, layers: Mapping[str, str]) -> Place:
    """Return the tree of ``module``'s saved tensors, with ``layers`` in it.

    Args:
        module: Whose names are kept.
        layers: Place → source that constructs the layer there.
    """
    root = Place()
    for path, made in layers.items():
        root.at(path).layer = made
    for full, tensor in module.state_dict(keep_vars=True).items():
        path, _, last = full.rpartition(".")
        if path not in layers:
            root.at(path).tensors[last] = tensor
    return root


def constructor(root: Place, module: nn.Module) -> Iterator[str]:
    """Yield the lines that construct the tree, tied tensors last."""
    yield from _made(root, SELF)
    first: dict[int, str] = {}
    for full, tensor in module.named_parameters(remove_duplicate=False):
        if id(tensor) in first:
            yield f"{access(root, full)} = {access(root, first[id(tensor)])}"
        first.setdefault(id(tensor), full)


def _made(place: Place, said: str) -> Iterator[str]:
    for last, tensor in place.tensors.items():
        shape = ", ".join(map(str, tensor.shape))
        kind = "" if tensor.is_floating_point() else f", dtype={literal(tensor.dtype)}"
        empty = f"torch.empty({shape}{kind})" if shape or kind else "torch.empty(())"
        if isinstance(tensor, nn.Parameter):
            yield f"{said}.{name(last)} = nn.Parameter({empty})"
        else:
            yield f'{said}.register_buffer("{name(last)}", {empty})'
    for part, child in place.children.items():
        inside = _step(place, said, part)
        made = child.layer or "nn.Module()"
        if child.layer is None and child.is_list:
            count = 1 + max(map(int, child.children))
            made = f"nn.ModuleList(nn.Module() for _ in range({count}))"
        if inside.endswith(")"):
            yield f'{said}.add_module("{part}", {made})'
        elif made != "nn.Module()" or not inside.endswith("]"):
            yield f"{inside} = {made}"
        yield from _made(child, inside)


def _step(place: Place, said: str, part: str) -> str:
    """The expression of what lies at ``part`` of ``place``, which is called ``said``."""
    if not is_number(part):
        return f"{said}.{name(part)}"
    return f"{said}[{part}]" if place.is_list and said != SELF else (
        f'{said}.get_submodule("{part}")'
    )  # fmt: skip
