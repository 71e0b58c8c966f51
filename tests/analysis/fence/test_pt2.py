"""Programs that would run code: none does, and each is refused with its place in the archive."""

import json

import pytest
import torch

from prunescope.errors import BadReference, DamagedFile, UnsafeFile
from prunescope.export.formats import pt2 as exported_format
from prunescope.sources.models import load_model
from prunescope.sources.pt2 import load_program
from prunescope.study import Reference
from tests.analysis.fence.program_edits import (
    first,
    graph,
    operator,
    refused,
    set_at,
    symbol_of,
)
from tests.analysis.fence.programs import edited, exported
from tests.long import core
from tests.samples import PICTURES


def test_a_real_program_still_gives_its_outputs(tmp_path):
    net, (x, scale) = exported(tmp_path / "m.pt2")
    wanted = net(x, scale)
    for load in (load_program, exported_format.load):
        module = load(tmp_path / "m.pt2")
        torch.testing.assert_close(module(x, scale=scale)["logits"], wanted["logits"])
        assert module(x[:1], scale=scale)["rest"][1][0].shape == (1, 16)


def test_an_expression_of_sizes_runs_no_code(made):
    path, proof = made

    def edit(whole):
        size = symbol_of(whole)
        size["expr_str"] = f"[{size['expr_str']}, __import__('os').mkdir({str(proof)!r})][0]"

    edited(path, edit)
    refused(path, r"expression .* is more than known functions of sizes \(at models/model\.json")
    assert not proof.exists()
    torch.export.load(path)  # the twin: without the fence, it runs
    assert proof.exists()


def test_a_graph_calls_no_function_of_python(made):
    path, proof = made

    def edit(whole):
        node = first(whole, "torch.ops.aten.relu.default")
        node["target"] = "torch.serialization.os.mkdir"
        node["inputs"] = [{"name": "", "arg": {"as_string": str(proof)}, "kind": 1}]

    edited(path, edit)
    refused(path, r"it calls 'torch\.serialization\.os\.mkdir', which is no operator on tensors")
    assert not proof.exists()


def test_names_become_no_lines_of_generated_code(made):
    path, proof = made
    evil = f"x=__import__('os').mkdir({str(proof)!r})"

    def edit(whole):
        text = json.dumps(whole).replace('"name": "x"', '"name": ' + json.dumps(evil))
        changed = json.loads(text)
        values = graph(changed)["tensor_values"]
        values[evil] = values.pop("x")
        whole.clear()
        whole.update(changed)

    edited(path, edit)
    refused(path, r"instead of a plain name \(at models/model\.json")
    assert not proof.exists()


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.from_file.default", "torch.ops.aten.save.default",
        "torch.ops.image.write_file.default", "torch.ops.load_library", "torch.hub.load",
        "torch.load", "torch._C._set_grad_enabled", "torch.ops.inductor.accumulate_grad_.default",
        "torch.ops.higher_order.call_torchbind", "math.os.system", "_operator.methodcaller",
        "_operator.attrgetter", "torch.ops.aten.__class__.mro", "#custom:op",
        "torch.ops.c10d.send.default", "torch.ops.aten.nothing.default", "os.system", "eval",
    ],
)  # fmt: skip
def test_operators_that_touch_more_than_tensors(made, target):
    path, _ = made
    edited(path, operator(target, filename="/tmp/x"))
    refused(path, "which is no operator on tensors")


CALLS = ("graph_module", "module_call_graph", 0, "signature")
ENUM = {"__enum__": True, "fqn": "antigravity:x", "name": "x"}
TREE = [1, {"type": "builtins.dict", "context": json.dumps(ENUM), "children_spec": []}]
FACTORY = {
    "default_factory_module": "antigravity", "default_factory_name": "x", "dict_context": [],
}  # fmt: skip
DEFAULTS = [1, {"type": "collections.defaultdict", "context": FACTORY, "children_spec": []}]
RANGE = {"min_val": 0, "max_val": 1}
LEAF = {"type": None, "context": None, "children_spec": []}
KEYWORD = [1, {"type": "builtins.tuple", "context": "null", "children_spec": [
    {"type": "builtins.tuple", "context": "null", "children_spec": [LEAF]},
    {"type": "builtins.dict", "context": json.dumps(["no name"]), "children_spec": [LEAF]},
]}]  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (set_at(*CALLS, "out_spec", to=json.dumps(TREE)), "a dictionary has .* list of keys"),
        (set_at(*CALLS, "out_spec", to=json.dumps(DEFAULTS)), "nested in 'collections.default"),
        (set_at(*CALLS, "in_spec", to=json.dumps(KEYWORD)), "keyword argument 'no name' is no"),
        (set_at(*CALLS, "forward_arg_names", to=["x=1", "scale"]), "instead of a plain name"),
        (set_at("guards_code", to=["__import__('os').system('true')"]), "known functions of sizes"),
        (set_at("guards_code", to=["L['x'].size()[0].__class__ == 1"]), "known functions of sizes"),
        (set_at("range_constraints", to={"u99999999": RANGE}), "functions of sizes"),
        (set_at("range_constraints", to={"s0+f()": RANGE}), "functions of sizes"),
        (set_at("verifiers", to=["os"]), "instead of  or ATEN"),
        (set_at("surprise", to=1), "its field 'surprise' is unknown to this version"),
        (set_at("graph_module", "treespec_namedtuple_fields", to={"a": {"field_names": ["b"]}}),
         "an object of at most 0 fields"),
    ],
)  # fmt: skip
def test_every_text_that_torch_reads_has_a_rule(made, edit, match):
    path, _ = made
    edited(path, edit)
    with pytest.raises((UnsafeFile, DamagedFile), match=match):
        load_program(path)


@pytest.mark.parametrize(
    "name",
    ["forward.__globals__.x", "__class__.x", "_modules.x", 'a"]+print()+["', "a\nb", "", "a..b"],
)
def test_names_of_tensors_reach_nothing_but_tensors(made, name):
    path, _ = made

    def edit(whole):
        for spec in whole["graph_module"]["signature"]["input_specs"]:
            if "parameter" in spec:
                spec["parameter"]["parameter_name"] = name
                return

    edited(path, edit)
    refused(path, "instead of the name of a tensor")


@pytest.mark.parametrize(
    "expression",
    [
        "Symbol('s0', positive=f())", "Symbol('s0').name.__class__", "exec('1')", "s0.x", "s0[0]",
        "lambda: 1", "(s0 := 1)", "'a'", "f'{s0}'", "[s0]", "{s0}", "Symbol('s0', True)",
        "9**9**9", "Pow(Integer(9), Pow(Integer(9), Integer(9)))", "2**99999", "2**(9*9*9)",
        "PowByNatural(Integer(9), Integer(99999))", "LShift(Integer(1), Integer(99999999))",
        "s0 if s0 else s0", "not_known(s0)", "Symbol('__import__')", "Integer('1')", "Float('x')",
        "-" * 500 + "s0", "+".join(["s0"] * 3000), "s0 @ s0", "ｓ0",
        "Integer(" + "9" * 5000 + ")", "s0\\\n", "", "#", "s0;s1", "yield", "await s0", "*s0",
    ],
)  # fmt: skip
def test_expressions_that_are_more_than_sizes(made, expression):
    path, _ = made
    edited(path, lambda whole: symbol_of(whole).update(expr_str=expression))
    refused(path, "is more than known functions of sizes")


def test_a_text_input_cannot_leave_its_quotes(made):
    path, proof = made
    evil = f"' or __import__('os').mkdir({str(proof)!r}) or '"

    def edit(whole):
        spec = {"constant_input": {"name": "scale", "value": {"as_string": evil}}}
        specs = whole["graph_module"]["signature"]["input_specs"]
        specs[-1] = spec

    edited(path, edit)
    refused(path, "instead of a text without quotes")
    assert not proof.exists()


def test_what_torch_cannot_load_is_one_sentence(made):
    path, _ = made
    edited(path, lambda whole: graph(whole)["nodes"].reverse())
    with pytest.raises(BadReference, match="Export it again with this version of torch"):
        load_program(path)


@pytest.mark.parametrize("name", core(PICTURES, {"mlp", "lenet5", "vit"}))
def test_sample_models_go_through_pt2(tmp_path, name):
    net = load_model(Reference(f"sample:{name}", "")).eval()
    inputs = torch.randn(3, 1, 28, 28)
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(net, (inputs,), dynamic_shapes=({0: batch},), strict=False)
    torch.export.save(program, tmp_path / "m.pt2")
    found = load_model(Reference(str(tmp_path / "m.pt2"), ""))
    with torch.no_grad():
        torch.testing.assert_close(found(inputs[:2]), net(inputs[:2]))
