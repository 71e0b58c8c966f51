"""Recognise a router: scores of which ``topk`` picks some by number."""

from typing import Final

from torch import fx

from prunescope.capture.functional import operator_name

_CHECKS: Final = "_assert_tensor_metadata"
_PASS_ON: Final = {"to", "_to_copy"}


def picks_experts(node: fx.Node) -> bool:
    """Return whether scores are read by nothing but a ``topk`` whose numbers are used."""
    readers = [user for user in node.users if operator_name(user) != _CHECKS]
    return bool(readers) and all(
        numbers_used(user) if operator_name(user) == "topk"
        else operator_name(user) in _PASS_ON and picks_experts(user)
        for user in readers
    )  # fmt: skip


def numbers_used(node: fx.Node) -> bool:
    """Return whether anything reads the numbers that a ``topk`` gives."""
    return any(user.args[1] == 1 and user.users for user in node.users)
