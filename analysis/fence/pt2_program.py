"""The program in ``models/model.json`` of a ``.pt2``, field by field, as torch's schema has it.

What torch does with each text was read in ``torch/_export/serde/serialize.py`` (2.14): names
become variables of generated Python, dotted names are walked with ``getattr`` and set, expressions
are evaluated, functions are called. Each gets the rule that leaves nothing to evaluate. Free texts
(where a line came from) stay free, since torch only keeps them.
"""

import keyword
import re
from typing import Any, Final

from prunescope.fence.expressions import input_bound, size_expression
from prunescope.fence.json_text import (
    Rule,
    boolean,
    integer,
    items,
    mapping,
    maybe,
    number,
    one_of,
    parsed,
    struct,
    text,
    union,
)
from prunescope.fence.operators import is_size_operator, operator_name, source_name
from prunescope.fence.pt2_trees import call_tree, tree
from prunescope.fence.refusal import Refusal, quoted

MOST_BYTES: Final = 64 << 20

_NAME: Final = re.compile(r"[A-Za-z_]\w{0,299}", re.ASCII)
_ATOM: Final = re.compile(r"[\w\- +:@/]{1,200}")
_SAFE_TEXT: Final = re.compile(r"[^'\"\\\x00-\x1f]{0,2000}")
_DEVICE: Final = re.compile(r"[a-z]{2,12}")
_EXPONENT: Final = 64
_CONSTANT: Final = 1 << 31


def name(value: Any) -> None:
    """Refuse everything but a Python name: it becomes a variable of generated code."""
    if not isinstance(value, str) or not _NAME.fullmatch(value) or keyword.iskeyword(value):
        raise Refusal(f"it is {quoted(value)} instead of a plain name")


def maybe_empty_name(value: Any) -> None:
    """Refuse everything but a Python name or nothing."""
    if value != "":
        name(value)


def dotted_name(value: Any) -> None:
    """Refuse everything but the path of a tensor in a module, such as ``layer1.0.weight``."""
    if not isinstance(value, str) or len(value) > 1000:
        raise Refusal(f"it is {quoted(value)} instead of the name of a tensor")
    for atom in value.split("."):
        if not _ATOM.fullmatch(atom) or atom.startswith("__") or atom in _module_attributes():
            raise Refusal(f"it is {quoted(value)} instead of the name of a tensor")


def module_name(value: Any) -> None:
    """Refuse everything but the path of a module; the outermost one has no name."""
    if value != "":
        dotted_name(value)


def quoted_text(value: Any) -> None:
    """Refuse a text that could end the quotes which torch writes around it."""
    if not isinstance(value, str) or not _SAFE_TEXT.fullmatch(value):
        raise Refusal(f"it is {quoted(value)} instead of a text without quotes")


def device_type(value: Any) -> None:
    """Refuse everything but a kind of device, such as ``cpu``."""
    if not isinstance(value, str) or not _DEVICE.fullmatch(value):
        raise Refusal(f"it is {quoted(value)} instead of a device")


def program(value: Any) -> None:
    """Refuse everything but a program of tensor operators."""
    _PROGRAM(value)


def _module_attributes() -> frozenset[str]:
    if not _ATTRIBUTES:
        from torch import nn

        _ATTRIBUTES.append(frozenset(dir(nn.Module())))
    return _ATTRIBUTES[0]


_ATTRIBUTES: Final[list[frozenset[str]]] = []

whole: Final = integer(-(1 << 63), (1 << 63) - 1)
_enum: Final = integer(0, 100)

_hint = union({"as_int": whole, "as_bool": boolean, "as_float": number})
_expression = struct({"expr_str": size_expression}, {"hint": maybe(_hint)})
sym_int: Final = union({"as_expr": _expression, "as_int": whole})
_sym_float = union({"as_expr": _expression, "as_float": number})
_sym_bool = union({"as_expr": _expression, "as_bool": boolean})
device: Final = struct({"type": device_type}, {"index": maybe(integer(-1, 1023))})


def tensor_meta(size: Rule) -> Rule:
    """Return the rule for what is known of a tensor, its sizes and strides matched by ``size``."""
    return struct(
        {
            "dtype": _enum, "sizes": items(size, 64), "requires_grad": boolean, "device": device,
            "strides": items(size, 64), "storage_offset": size, "layout": _enum,
        }
    )  # fmt: skip


_tensor = struct({"name": name})
_optional_tensor = union({"as_tensor": _tensor, "as_none": boolean})
_int_argument = union({"as_name": name, "as_int": whole})
_float_argument = union({"as_name": name, "as_float": number})
_bool_argument = union({"as_name": name, "as_bool": boolean})


def _nested_argument(value: Any) -> None:
    argument(value)


def _nested_graph(value: Any) -> None:
    _GRAPH(value)


_short = text(10_000)
argument: Final = union(
    {
        "as_none": boolean, "as_tensor": _tensor, "as_tensors": items(_tensor), "as_int": whole,
        "as_ints": items(whole), "as_float": number, "as_floats": items(number),
        "as_string": _short, "as_strings": items(_short), "as_sym_int": _int_argument,
        "as_sym_ints": items(_int_argument), "as_scalar_type": _enum, "as_memory_format": _enum,
        "as_layout": _enum, "as_device": device, "as_bool": boolean, "as_bools": items(boolean),
        "as_sym_bool": _bool_argument, "as_sym_bools": items(_bool_argument),
        "as_graph": struct({"name": name, "graph": _nested_graph}),
        "as_optional_tensors": items(_optional_tensor), "as_operator": operator_name,
        "as_sym_float": _float_argument, "as_sym_floats": items(_float_argument),
        "as_optional_tensor": _optional_tensor,
        "as_complex": struct({"real": number, "imag": number}),
        "as_nested_tensors": items(items(_tensor)), "as_int_lists": items(items(whole)),
        "as_float_lists": items(items(number)),
        "as_string_to_argument": mapping(_short, _nested_argument),
    }
)  # fmt: skip


def _input_argument(value: Any) -> None:
    """A text that is an input is written between quotes into the check of inputs."""
    argument(value)
    if "as_string" in value:
        quoted_text(value["as_string"])


_free = text(200_000)
_node_fields = struct(
    {
        "target": operator_name,
        "inputs": items(
            struct({"name": maybe_empty_name, "arg": argument}, {"kind": maybe(_enum)}), 10_000
        ),
        "outputs": items(argument, 10_000),
        "metadata": mapping(text(200), _free, 100),
    },
    {"is_hop_single_tensor_return": maybe(boolean), "name": maybe(maybe_empty_name)},
)


def _node(value: Any) -> None:
    _node_fields(value)
    if is_size_operator(value["target"]):
        _require_numbers(value)
    metadata = value["metadata"]
    for pair in filter(None, metadata.get("source_fn_stack", "").split(";")):
        source_name(pair.rpartition(",")[2])
    for key in ("custom", "from_node"):
        if metadata.get(key):
            parsed(metadata[key].encode(), 200_000, depth=50)


def _require_numbers(node: dict[str, Any]) -> None:
    """Arithmetic on constants is done in Python: no texts, and no power that fills the memory."""
    for place, given in enumerate(node["inputs"]):
        ((kind, value),) = given["arg"].items()
        if isinstance(value, dict) and "as_int" in value:
            kind, value = "as_int", value["as_int"]
        if kind in ("as_string", "as_strings", "as_string_to_argument", "as_operator", "as_graph"):
            raise Refusal(f"{node['target']} gets {quoted(value)} instead of a number")
        grows = node["target"] in ("_operator.pow", "_operator.lshift") and place == 1
        if kind == "as_int" and abs(value) > (_EXPONENT if grows else _CONSTANT):
            raise Refusal(f"{node['target']} gets {value}, which is too large for a size")


_GRAPH: Final = struct(
    {
        "inputs": items(_input_argument), "outputs": items(argument), "nodes": items(_node),
        "tensor_values": mapping(name, tensor_meta(sym_int)),
        "sym_int_values": mapping(name, sym_int), "sym_bool_values": mapping(name, _sym_bool),
    },
    {
        "is_single_tensor_return": boolean, "custom_obj_values": mapping(name, text(0), 0),
        "sym_float_values": mapping(name, _sym_float),
    },
)  # fmt: skip

_constant = union(
    {
        "as_none": boolean, "as_int": whole, "as_float": number, "as_string": quoted_text,
        "as_bool": boolean,
    }
)  # fmt: skip
_input = union(
    {
        "user_input": struct({"arg": _input_argument}),
        "parameter": struct({"arg": _tensor, "parameter_name": dotted_name}),
        "buffer": struct({"arg": _tensor, "buffer_name": dotted_name, "persistent": boolean}),
        "tensor_constant": struct({"arg": _tensor, "tensor_constant_name": dotted_name}),
        "constant_input": struct({"name": name, "value": _constant}),
    }
)
_output = union(
    {
        "user_output": struct({"arg": argument}),
        "loss_output": struct({"arg": _tensor}),
        "buffer_mutation": struct({"arg": _tensor, "buffer_name": dotted_name}),
        "parameter_mutation": struct({"arg": _tensor, "parameter_name": dotted_name}),
        "gradient_to_parameter": struct({"arg": _tensor, "parameter_name": dotted_name}),
        "gradient_to_user_input": struct({"arg": _tensor, "user_input_name": name}),
        "user_input_mutation": struct({"arg": _tensor, "user_input_name": name}),
    }
)
_call = struct(
    {
        "inputs": items(argument), "outputs": items(argument), "in_spec": call_tree,
        "out_spec": tree,
    },
    {"forward_arg_names": maybe(items(name, 1000))},
)  # fmt: skip
_module = struct(
    {
        "graph": _GRAPH,
        "signature": struct({"input_specs": items(_input), "output_specs": items(_output)}),
        "module_call_graph": items(struct({"fqn": module_name}, {"signature": maybe(_call)})),
    },
    {
        "metadata": mapping(text(200), _free, 100),
        "treespec_namedtuple_fields": mapping(text(0), text(0), 0),
    },
)
_bound = maybe(integer(-(1 << 64), 1 << 64))
_PROGRAM: Final = struct(
    {
        "graph_module": _module,
        "opset_version": mapping(text(100), integer(0, 10_000), 100),
        "range_constraints": mapping(
            size_expression, struct({"min_val": _bound, "max_val": _bound})
        ),
        "schema_version": struct({"major": integer(0, 1000), "minor": integer(0, 1000)}),
    },
    {
        "verifiers": items(one_of("", "ATEN", "TRAINING", "TRAINING_IR", "EDGE"), 10),
        "torch_version": text(100),
        "guards_code": items(input_bound, 10_000),
    },
)
