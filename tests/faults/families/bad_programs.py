"""A real ``.pt2`` with parts that would run code, touch files, or claim what is not there."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from tests.analysis.fence.program_edits import (
    first,
    huge,
    link,
    member,
    operator,
    payload,
    set_at,
    spread,
    symbol_of,
)
from tests.analysis.fence.programs import edited
from tests.faults.bad_input import CANARY, BadInput

EVIL: Final = f"__import__('os').mkdir({CANARY!r})"
_UNSAFE: Final = "to hold only tensors and a graph"

EXPRESSIONS: Final = (
    f"[s0, {EVIL}][0]", EVIL, "Symbol('s0', positive=f())", "Symbol('s0').name.__class__",
    f"exec({EVIL!r})", "s0.x", "s0[0]", "lambda: 1", "9**9**9", "2**99999",
    "LShift(Integer(1), Integer(99999999))", "-" * 500 + "s0", "+".join(["s0"] * 3000),
    f"Symbol({EVIL!r})", f"(lambda: {EVIL})()", "", "#", "s0;s1", "*s0",
)  # fmt: skip
OPERATORS: Final = (
    "torch.serialization.os.mkdir", "torch.ops.aten.from_file.default",
    "torch.ops.image.write_file.default", "torch.ops.load_library", "torch.hub.load", "torch.load",
    "torch.ops.higher_order.call_torchbind", "_operator.methodcaller", "os.system", "eval",
    "#custom:op", "torch.ops.aten.nothing.default",
)  # fmt: skip
NAMES: Final = (f"x={EVIL}", "forward.__globals__.x", "__class__.x", 'a"]+print()+["', "a\nb", "")
EDITS: Final[dict[str, Callable[[Any], object]]] = {
    "a guard that calls": set_at("guards_code", to=[EVIL]),
    "a guard on a class": set_at("guards_code", to=["L['x'].size()[0].__class__ == 1"]),
    "a range of a call": set_at("range_constraints", to={EVIL: {"min_val": 0, "max_val": 1}}),
    "a verifier of a module": set_at("verifiers", to=["os"]),
    "an unknown field": set_at("surprise", to=1),
    "no graph": lambda whole: whole.pop("graph_module"),
    "no nodes": lambda whole: whole["graph_module"]["graph"].update(nodes=None),
    "no inputs": lambda whole: whole["graph_module"]["graph"].update(inputs=[]),
    "no outputs": lambda whole: whole["graph_module"]["graph"].update(outputs=[]),
    "another version": lambda whole: whole["schema_version"].update(major=99),
    "a version as text": lambda whole: whole["schema_version"].update(major="8"),
    "no operator": lambda whole: first(whole, "torch.ops.aten.relu.default").pop("target"),
}
ARCHIVES: Final[dict[str, Callable[[Path], object]]] = {
    "a pickled weight": payload(lambda e: e.update(use_pickle=True)),
    "a weight that is the graph": payload(lambda e: e.update(path_name="../models/model.json")),
    "a custom object": payload(lambda e: e.update(path_name="custom_obj_0")),
    "a weight past its member": payload(
        lambda e: e["tensor_meta"].update(storage_offset={"as_int": 10**6})
    ),
    "a weight of a terabyte": payload(spread),
    "a weight that is not there": payload(huge),
    "a compiled part": member("data/aotinductor/model/a.so", folder="net"),
    "a member outside": member("x", folder=""),
    "a member above": member("extra/../../x", folder="net"),
    "a member twice": member("models/MODEL.json", folder="net"),
    "a link": link,
    "twenty megabytes of nothing": member("extra/x", b"0" * (20 << 20), folder="net"),
    "a bomb": lambda path: _bomb(path),
}


def inputs() -> Iterator[BadInput]:
    """Yield the workplace's program with each of the changes; a canary tells whether it ran."""
    for number, expression in enumerate(EXPRESSIONS):
        yield _case(
            f"expression {number}: {expression[:40]!r}", _edit(_expression(expression)), _UNSAFE
        )
    for target in OPERATORS:
        yield _case(f"operator {target}", _edit(operator(target, filename=CANARY)), _UNSAFE)
    for name in NAMES:
        yield _case(f"a tensor named {name!r}", _edit(_tensor(name)), _UNSAFE)
    for name, edit in EDITS.items():
        yield _case(name, _edit(edit))
    for name, change in ARCHIVES.items():
        yield _case(name, change)


def _case(name: str, change: Callable[[Path], object], says: str = "") -> BadInput:
    line = ("inspect", "net.pt2", "--shape", "1,6,6")
    return BadInput("programs", name, line, says, lambda folder: change(folder / "net.pt2"))


def _edit(edit: Callable[[Any], object]) -> Callable[[Path], object]:
    return lambda path: edited(path, edit)


def _expression(text: str) -> Callable[[Any], object]:
    return lambda whole: symbol_of(whole).update(expr_str=text)


def _tensor(name: str) -> Callable[[Any], object]:
    def edit(whole: Any) -> None:
        for spec in whole["graph_module"]["signature"]["input_specs"]:
            if "parameter" in spec:
                spec["parameter"]["parameter_name"] = name
                return

    return edit


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/models/model.json", b"0" * (200 << 20))
