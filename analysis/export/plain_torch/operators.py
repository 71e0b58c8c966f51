"""ATen operators as calls that people write: one row each.

A row is a function from the operator's arguments, by their names in its schema and as source, to
an expression. Optional arguments come with their values, so that defaults can be left out.
"""

from collections.abc import Callable, Mapping
from typing import Final

Arguments = Mapping[str, str]
Row = Callable[[Arguments], str]


def _function(called: str, *places: str, **defaults: str) -> Row:
    """``called(place, …, option=…)``, options left out where they are the default."""

    def row(given: Arguments) -> str:
        parts = [given[place] for place in places]
        parts += [
            f"{option}={given[option]}"
            for option, default in defaults.items()
            if option in given and given[option] != default
        ]
        return f"{called}({', '.join(parts)})"

    return row


def _method(called: str, *places: str, **defaults: str) -> Row:
    """``self.called(place, …)`` on the first argument."""

    def row(given: Arguments) -> str:
        return f"{given['self']}.{_function(called, *places, **defaults)(given)}"

    return row


def _binary(sign: str) -> Row:
    def row(given: Arguments) -> str:
        scaled = given.get("alpha", "1")
        other = given["other"] if scaled == "1" else f"{scaled} * {given['other']}"
        return f"{given['self']} {sign} {other}"

    return row


def _unpacked(called: str, sizes: str) -> Row:
    """``self.called(1, 2, 3)`` of a list."""
    return lambda given: f"{given['self']}.{called}({given[sizes].strip('[]')})"


def _slice(given: Arguments) -> str:
    start, end, step = given["start"], given["end"], given["step"]
    begin = "" if start in ("0", "None") else start
    stop = "" if end in ("None", str(2**63 - 1)) else end
    inside = f"{begin}:{stop}" + ("" if step == "1" else f":{step}")
    place = int(given["dim"])
    if place < 0:
        return f"{given['self']}[..., {inside}{', :' * (-place - 1)}]"
    return f"{given['self']}[{':, ' * place}{inside}]"


def _pool(called: str) -> Row:
    def row(given: Arguments) -> str:
        stride = given["stride"]
        shown = dict(given) | {"stride": "[]" if stride == given["kernel_size"] else stride}
        return _function(
            called, "self", "kernel_size", stride="[]", padding="[0, 0]", dilation="[1, 1]",
            ceil_mode="False", count_include_pad="True", divisor_override="None",
        )(shown)  # fmt: skip

    return row


def _pad(given: Arguments) -> str:
    if given.get("mode", '"constant"') == '"constant"' and given.get("value") in (None, "None"):
        return f"F.pad({given['self']}, {given['pad']})"
    return _function("F.pad", "self", "pad", mode='"constant"', value="None")(given)


OPERATORS: Final[Mapping[str, Row]] = {
    "adaptive_avg_pool2d.default": _function("F.adaptive_avg_pool2d", "self", "output_size"),
    "add.Tensor": _binary("+"),
    "amax.default": _method("amax", "dim", keepdim="False"),
    "argmax.default": _method("argmax", "dim", keepdim="False"),
    "avg_pool2d.default": _pool("F.avg_pool2d"),
    "cat.default": _function("torch.cat", "tensors", dim="0"),
    "chunk.default": _method("chunk", "chunks", dim="0"),
    "clamp.default": _method("clamp", min="None", max="None"),
    "clone.default": _method("clone"),
    "contiguous.default": _method("contiguous"),
    "div.Tensor": _binary("/"),
    "dropout.default": lambda given: f"F.dropout({given['input']}, {given['p']}, self.training)",
    "elu.default": _function("F.elu", "self", alpha="1"),
    "exp.default": _method("exp"),
    "expand.default": _unpacked("expand", "size"),
    "flatten.using_ints": _method("flatten", "start_dim", end_dim="-1"),
    "gelu.default": _function("F.gelu", "self", approximate='"none"'),
    "getitem": lambda given: f"{given['self']}[{given['index']}]",
    "hardsigmoid.default": _function("F.hardsigmoid", "self"),
    "hardswish.default": _function("F.hardswish", "self"),
    "hardtanh.default": _function("F.hardtanh", "self", "min_val", "max_val"),
    "leaky_relu.default": _function("F.leaky_relu", "self", negative_slope="0.01"),
    "log_softmax.int": _function("F.log_softmax", "self", "dim", dtype="None"),
    "matmul.default": _binary("@"),
    "max_pool2d.default": _pool("F.max_pool2d"),
    "mean.default": _method("mean"),
    "mean.dim": _method("mean", "dim", keepdim="False", dtype="None"),
    "mul.Tensor": _binary("*"),
    "neg.default": lambda given: f"-{given['self']}",
    "pad.default": _pad,
    "permute.default": _unpacked("permute", "dims"),
    "pow.Tensor_Scalar": lambda given: f"{given['self']} ** {given['exponent']}",
    "relu.default": _function("F.relu", "self"),
    "relu6.default": _function("F.relu6", "self"),
    "reshape.default": _unpacked("reshape", "shape"),
    "rsqrt.default": _method("rsqrt"),
    "scaled_dot_product_attention.default": _function(
        "F.scaled_dot_product_attention", "query", "key", "value", attn_mask="None",
        dropout_p="0.0", is_causal="False", scale="None", enable_gqa="False",
    ),
    "select.int": _method("select", "dim", "index"),
    "sigmoid.default": _function("torch.sigmoid", "self"),
    "silu.default": _function("F.silu", "self"),
    "slice.Tensor": _slice,
    "softmax.int": _function("F.softmax", "self", "dim", dtype="None"),
    "split.Tensor": _method("split", "split_size", dim="0"),
    "split_with_sizes.default": _method("split", "split_sizes", dim="0"),
    "sqrt.default": _method("sqrt"),
    "squeeze.dim": _method("squeeze", "dim"),
    "stack.default": _function("torch.stack", "tensors", dim="0"),
    "sub.Tensor": _binary("-"),
    "sum.dim_IntList": _method("sum", "dim", keepdim="False", dtype="None"),
    "sym_size.int": lambda given: f"{given['self']}.shape[{given['dim']}]",
    "tanh.default": _function("torch.tanh", "self"),
    "transpose.int": _method("transpose", "dim0", "dim1"),
    "unbind.int": _method("unbind", dim="0"),
    "unsqueeze.default": _method("unsqueeze", "dim"),
    "view.default": _unpacked("view", "size"),
    # of layers whose tensors are no module's own, as when two layers share some:
    "batch_norm.default": lambda given: (
        f"F.batch_norm({given['input']}, {given['running_mean']}, {given['running_var']}, "
        f"{given['weight']}, {given['bias']}, {given['training']}, {given['momentum']}, "
        f"{given['eps']})"
    ),
    "conv2d.default": _function(
        "F.conv2d", "input", "weight", "bias", stride="[1, 1]", padding="[0, 0]",
        dilation="[1, 1]", groups="1",
    ),
    "embedding.default": lambda given: f"F.embedding({given['indices']}, {given['weight']})",
    "layer_norm.default": _function(
        "F.layer_norm", "input", "normalized_shape", "weight", "bias", "eps"
    ),
    "linear.default": _function("F.linear", "input", "weight", "bias"),
}  # fmt: skip
"""``operator.overload`` → row."""
