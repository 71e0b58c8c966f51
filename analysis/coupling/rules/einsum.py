"""einsum: dimensions of one letter are united; summed letters are contracted, others pass."""

from torch import fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.rules.products import mark_heads
from prunescope.coupling.walk import CouplingWalk, Value


@rule("einsum")
def einsum(walk: CouplingWalk, node: fx.Node) -> Value:
    """Unite the dimensions that share a letter."""
    equation = str(argument(node, "equation")).replace(" ", "")
    operands = list(argument(node, "tensors"))
    if "..." in equation:
        expanded = _spell_ellipsis(
            equation, [len(walk.dims(operand_node)) for operand_node in operands]
        )
        if expanded is None:
            return walk.refuse(node, f"einsum {equation} has no coupling rule")
        equation = expanded
    left, _, right = equation.partition("->")
    terms = left.split(",")
    if "->" not in equation:
        joined = "".join(terms)
        right = "".join(sorted(letter for letter in set(joined) if joined.count(letter) == 1))
    by_letter: dict[str, Dim] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, dim in zip(term, walk.dims(operand), strict=True):
            if dim.size == 1 and letter in by_letter:
                continue
            small = letter in by_letter and by_letter[letter].size == 1
            by_letter[letter] = (
                dim
                if letter not in by_letter or small
                else walk.ledger.unite(by_letter[letter], dim)
            )
    for term, operand in zip(terms, operands, strict=True):
        dims = walk.dims(operand)
        for axis, letter in enumerate(term):
            inside = letter in right
            if not inside:
                walk.read(node, operand, axis)
            other = "".join(t for t in terms if t is not term)
            walk.role(operand, dims[axis], _role(inside, letter in other))
    if len(operands) > 1 and not any(walk.static(operand_node) for operand_node in operands):
        shared = [c for c in right if all(c in term for term in terms)]
        within = [c for c in by_letter if c not in shared]
        mark_heads(walk, tuple(by_letter[c] for c in shared), tuple(by_letter[c] for c in within))
    return tuple(Dim(by_letter[c].size, by_letter[c].labels, by_letter[c].why) for c in right)


def _role(inside: bool, shared: bool) -> str:
    if not inside:
        return "consumer"
    return "depthwise" if shared else "producer"


def _spell_ellipsis(equation: str, ranks: list[int]) -> str | None:
    """Replace an ellipsis by letters that the equation does not use; None where it cannot be."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    unused_letters = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    widths = [
        rank - len(term.replace("...", "")) if "..." in term else 0
        for term, rank in zip(terms, ranks, strict=True)
    ]
    widest = max(widths)
    if widest > len(unused_letters) or not arrow:
        return None
    letters = "".join(unused_letters[:widest])
    terms = [
        term.replace("...", letters[widest - width :])
        for term, width in zip(terms, widths, strict=True)
    ]
    return ",".join(terms) + "->" + right.replace("...", letters)
