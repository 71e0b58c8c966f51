"""What torch writes for sizes and bounds is read; everything else is not (see ``test_pt2``)."""

import pytest
import sympy
from torch.utils._sympy.functions import CeilDiv, FloorDiv, Max, Mod, PythonMod

from prunescope.fence.expressions import input_bound, size_expression
from prunescope.fence.refusal import Refusal

S = sympy.Symbol("s77", positive=True, integer=True)
U = sympy.Symbol("u0", integer=True)


@pytest.mark.parametrize(
    "expression",
    [
        S, 4 * S, S + 1, S**2, FloorDiv(S, 4), Mod(S, 2), PythonMod(S - 1, 3), Max(1, S, U), U * S,
        CeilDiv(S, 2), 2 * FloorDiv(S + 1, 2) + 1, sympy.Eq(S, 4), sympy.Ne(S, 1), S >= 2, S < 9,
        sympy.And(S > 1, U > 0), sympy.Or(S > 1, sympy.Not(U > 0)), sympy.Rational(1, 2) * S,
        sympy.Float(0.5) * S, sympy.Min(S, U), sympy.true, sympy.Integer(-3), (S + 1) * (S - 1),
    ],
)  # fmt: skip
def test_every_form_in_which_torch_writes_sizes_is_read(expression):
    size_expression(sympy.srepr(expression))
    size_expression(str(expression) if isinstance(expression, sympy.Symbol) else "s77")


@pytest.mark.parametrize(
    "bound",
    [
        "L['x'].size()[0] >= 2", "L['x'].size()[1] == L['y']['k'][0].size()[0]", "L['n'] == 3",
        "(L['x'].size()[0] % 2) == 0", "L['flat_args'][0].size()[0] <= 1024", "2 <= L['x'].dim()",
        "not (L['x'].size()[0] > 4 and L['x'].stride()[0] != 1)",
        "torch.sym_max(1, (-2) + L['x'].size()[3]) != 1",
    ],
)  # fmt: skip
def test_bounds_of_inputs_are_read(bound):
    input_bound(bound)
    with pytest.raises(Refusal):
        size_expression(bound)


@pytest.mark.parametrize("name", ["s0", "s77", "u12", "zuf0", "zf3", "2*s44"])
def test_names_of_sizes(name):
    size_expression(name)


@pytest.mark.parametrize("name", ["", "s", "x", "s0.x", "u123456", "S0", 3, None])
def test_names_of_nothing(name):
    with pytest.raises(Refusal, match="is more than known functions of sizes"):
        size_expression(name)
