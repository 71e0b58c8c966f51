"""Expressions over sizes, which ``torch.export.load`` hands to sympy, and sympy to ``eval``.

Sizes are written as sympy's ``srepr`` writes them (``Mul(Integer(4), Symbol('s77', positive=True,
integer=True))``), bounds of inputs as Python (``L['x'].size()[0] >= 2``). Both are parsed here with
``ast``, never evaluated, and matched against what torch itself writes: known names, calls of known
functions, whole numbers, and powers that stay small.
"""

import ast
import re
from functools import lru_cache
from typing import Any, Final

from prunescope.fence.refusal import Refusal, quoted

MOST_LETTERS: Final = 4000
_DEPTH: Final = 40
_LARGEST: Final = 1 << 63
_EXPONENT: Final = 16

_ASCII: Final = re.compile(r"[\w\s.,()\[\]'+\-*/%<>=!&|~]*", re.ASCII)
_SYMBOL: Final = re.compile(r"(?:s|zf)\d{1,12}|(?:u|zuf)\d{1,5}")
_INPUT: Final = re.compile(r"[A-Za-z_]\w{0,99}", re.ASCII)
_DECIMAL: Final = re.compile(r"-?\d{1,40}(?:\.\d{0,40})?(?:e[+-]?\d{1,3})?")

_CALLS: Final = frozenset(
    [
        "Add",
        "Mul",
        "Max",
        "Min",
        "Abs",
        "Mod",
        "FloorDiv",
        "ModularIndexing",
        "Where",
        "PythonMod",
        "CleanDiv",
        "CeilDiv",
        "CeilToInt",
        "FloorToInt",
        "FloatTrueDiv",
        "IntTrueDiv",
        "TruncToFloat",
        "TruncToInt",
        "RoundToInt",
        "RoundDecimal",
        "ToFloat",
        "Identity",
        "Eq",
        "Ne",
        "Lt",
        "Le",
        "Gt",
        "Ge",
        "Equality",
        "Unequality",
        "StrictLessThan",
        "LessThan",
        "StrictGreaterThan",
        "GreaterThan",
        "And",
        "Or",
        "Not",
        "floor",
        "ceiling",
        "IsNonOverlappingAndDenseIndicator",
    ]
)
_POWERS: Final = frozenset(["Pow", "PowByNatural", "FloatPow", "LShift", "RShift"])
_OF_TORCH: Final = frozenset(["sym_max", "sym_min"])
_CONSTANTS: Final = frozenset(["true", "false", "True", "False", "oo", "int_oo", "nan", "zoo"])
_ASSUMPTIONS: Final = frozenset(
    ["positive", "integer", "nonnegative", "negative", "real", "nonzero", "finite", "rational"]
)
_OPERATORS: Final = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.LShift, ast.RShift,
    ast.USub, ast.UAdd, ast.Not, ast.Invert, ast.And, ast.Or, ast.BitAnd, ast.BitOr,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE,
)  # fmt: skip


def size_expression(value: Any) -> None:
    """Refuse everything but an expression over sizes; what it says is never computed."""
    _require(value, inputs=False)


def input_bound(value: Any) -> None:
    """Refuse everything but a comparison of the sizes of inputs, such as ``L['x'].size()[0]``."""
    _require(value, inputs=True)


def _require(value: Any, *, inputs: bool) -> None:
    if not isinstance(value, str) or not _is_safe(value, inputs):
        raise Refusal(f"the expression {quoted(value)} is more than known functions of sizes")


@lru_cache(maxsize=20_000)
def _is_safe(source: str, inputs: bool) -> bool:
    if len(source) > MOST_LETTERS or not _ASCII.fullmatch(source):
        return False
    try:
        tree = ast.parse(source.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return _Grammar(inputs).accepts(tree.body, _DEPTH)


class _Grammar:
    """What an expression may be made of; with ``inputs`` also ``L['x'].size()[0]``."""

    def __init__(self, inputs: bool) -> None:
        self._inputs = inputs

    def accepts(self, node: ast.AST, depth: int) -> bool:
        if depth == 0:
            return False
        inner = depth - 1
        match node:
            case ast.Constant(value=value):
                return isinstance(value, int | float) and abs(value) < _LARGEST
            case ast.Name(id=name):
                return name in _CONSTANTS or bool(_SYMBOL.fullmatch(name))
            case ast.UnaryOp(op=op, operand=operand):
                return isinstance(op, _OPERATORS) and self.accepts(operand, inner)
            case ast.BoolOp(values=values):
                return all(self.accepts(value, inner) for value in values)
            case ast.Compare(left=left, ops=ops, comparators=others):
                known = all(isinstance(op, _OPERATORS) for op in ops)
                return known and all(self.accepts(value, inner) for value in (left, *others))
            case ast.BinOp(left=left, op=op, right=right):
                if isinstance(op, ast.Pow | ast.LShift | ast.RShift):
                    return self._power(left, right, inner)
                known = isinstance(op, _OPERATORS)
                return known and self.accepts(left, inner) and self.accepts(right, inner)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self._call(name, args, keywords, inner)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="torch"), attr=name), args=args, keywords=[]
            ) if self._inputs and name in _OF_TORCH:
                return all(self.accepts(arg, inner) for arg in args)
            case ast.Subscript() | ast.Call(func=ast.Attribute()):
                return self._inputs and _size_of_input(node)
        return False

    def _call(
        self, name: str, args: list[ast.expr], keywords: list[ast.keyword], depth: int
    ) -> bool:
        if name == "Symbol":
            assumed = all(
                word.arg in _ASSUMPTIONS
                and isinstance(word.value, ast.Constant)
                and type(word.value.value) is bool
                for word in keywords
            )
            return assumed and len(args) == 1 and _text(args[0], _SYMBOL)
        if name == "Float":
            precise = all(
                word.arg in ("precision", "dps") and _whole(word.value, 400) for word in keywords
            )
            return precise and len(args) == 1 and _text(args[0], _DECIMAL)
        if keywords or not args:
            return False
        if name in ("Integer", "Rational"):
            return len(args) <= 2 and all(_whole(arg, _LARGEST) for arg in args)
        if name in _POWERS:
            return len(args) == 2 and self._power(args[0], args[1], depth)
        return name in _CALLS and all(self.accepts(arg, depth) for arg in args)

    def _power(self, base: ast.expr, exponent: ast.expr, depth: int) -> bool:
        """Small exponents of bases that hold no power: no number that takes memory to write."""
        nested = any(
            (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift))
            or (isinstance(node, ast.Name) and node.id in _POWERS)
            for side in (base, exponent)
            for node in ast.walk(side)
        )
        small = _small(exponent)
        return small and not nested and self.accepts(base, depth) and self.accepts(exponent, depth)


def _size_of_input(node: ast.AST) -> bool:
    """``L['x']['k'][0].size()[0]``, or a number that is an input itself."""
    steps = 0
    while isinstance(node, ast.Subscript | ast.Call) and steps < 12:
        steps += 1
        if isinstance(node, ast.Subscript):
            key = node.slice
            if not (_whole(key, 1 << 31) or _text(key, _INPUT)):
                return False
            node = node.value
        else:
            func = node.func
            if node.keywords or not isinstance(func, ast.Attribute):
                return False
            if func.attr not in ("size", "stride", "storage_offset", "dim"):
                return False
            if not all(_whole(arg, 64) for arg in node.args):
                return False
            node = func.value
    return isinstance(node, ast.Name) and node.id == "L"


def _small(exponent: ast.expr) -> bool:
    """Whether an exponent is a small number, or holds a symbol, which nobody fills in."""
    if any(
        isinstance(node, ast.Name) and _SYMBOL.fullmatch(node.id) for node in ast.walk(exponent)
    ):
        return True
    if any(isinstance(node, ast.Name) and node.id == "Symbol" for node in ast.walk(exponent)):
        return True
    if any(isinstance(node, ast.BinOp) for node in ast.walk(exponent)):
        return False
    numbers = [node.value for node in ast.walk(exponent) if isinstance(node, ast.Constant)]
    return all(isinstance(value, int | float) and abs(value) <= _EXPONENT for value in numbers)


def _whole(node: ast.AST, most: int) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value < most


def _text(node: ast.AST, pattern: re.Pattern[str]) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and pattern.fullmatch(node.value) is not None
    )
