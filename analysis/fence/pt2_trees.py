"""How inputs and outputs are nested: the texts that ``pytree.treespec_loads`` reads.

torch imports modules that such a text names (enumerations, factories of default values, registered
classes). Lists, tuples and dictionaries are all that is read here.
"""

from typing import Any, Final

from prunescope.fence.json_text import parsed
from prunescope.fence.refusal import Refusal, quoted

_LEAF: Final[dict[str, Any]] = {"type": None, "context": None, "children_spec": []}
_SEQUENCES: Final = (
    "builtins.list", "builtins.tuple", "torch.Size",
    "torch.fx.immutable_collections.immutable_list",
)  # fmt: skip
_MAPPINGS: Final = (
    "builtins.dict", "collections.OrderedDict", "torch.fx.immutable_collections.immutable_dict",
)  # fmt: skip
_LETTERS: Final = 1 << 20
_FORBIDDEN: Final = frozenset("'\"\\\n\r{}()#")


def tree(value: Any) -> None:
    """Refuse everything but a nesting of lists, tuples and dictionaries, as JSON in a text."""
    if not isinstance(value, str):
        raise Refusal(f"it is {quoted(value)} instead of a text", damage=True)
    content = parsed(value.encode(), _LETTERS)
    if not isinstance(content, list) or len(content) != 2 or content[0] != 1:
        raise Refusal(f"it is {quoted(value)} instead of a nesting of version 1", damage=True)
    _require_node(content[1])


def call_tree(value: Any) -> None:
    """Refuse, besides what ``tree`` does, keyword arguments whose names are no names.

    They become the arguments of a generated function.
    """
    tree(value)
    outer = parsed(value.encode(), _LETTERS)[1]
    for inner in outer["children_spec"][1:2]:
        for key in _keys(inner) if inner["type"] in _MAPPINGS else ():
            if not isinstance(key, str) or not key.isidentifier():
                raise Refusal(f"its keyword argument {quoted(key)} is no name")


def _require_node(node: Any) -> None:
    if node == _LEAF:
        return
    if not isinstance(node, dict) or set(node) != set(_LEAF):
        raise Refusal(f"it holds {quoted(node)} instead of a nesting", damage=True)
    kind, children = node["type"], node["children_spec"]
    if kind not in (*_SEQUENCES, *_MAPPINGS):
        raise Refusal(
            f"its inputs or outputs are nested in {quoted(kind)}, and only lists, tuples and "
            "dictionaries are read"
        )
    if not isinstance(children, list):
        raise Refusal(f"it holds {quoted(children)} instead of a list", damage=True)
    if kind in _MAPPINGS:
        keys = _keys(node)
        if len(keys) != len(children):
            raise Refusal("a dictionary has another number of keys than of values", damage=True)
        for key in keys:
            _require_key(key)
    elif node["context"] not in ("null", None):
        raise Refusal(f"a list carries {quoted(node['context'])}")
    for child in children:
        _require_node(child)


def _keys(node: dict[str, Any]) -> list[Any]:
    context = node["context"]
    keys = parsed(context.encode(), _LETTERS, depth=2) if isinstance(context, str) else None
    if not isinstance(keys, list):
        raise Refusal(f"a dictionary has {quoted(context)} instead of a list of keys", damage=True)
    return keys


def _require_key(key: Any) -> None:
    whole = type(key) in (int, bool) and abs(key) < 1 << 63
    plain = isinstance(key, str) and len(key) <= 200 and _FORBIDDEN.isdisjoint(key)
    if not whole and not plain:
        raise Refusal(f"a dictionary has the key {quoted(key)}")
