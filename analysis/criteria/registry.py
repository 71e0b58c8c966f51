"""Find the criteria in this folder, and say which of them a model can use."""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from analysis.capture.network import Network
from analysis.criteria.base import Criterion
from analysis.errors import UnknownName
from analysis.evaluate import Outcome
from analysis.study import MethodSummary


@cache
def _criteria() -> dict[str, Criterion]:
    found = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        loaded = importlib.import_module(f"analysis.criteria.{module.name}")
        rule = getattr(loaded, "CRITERION", None)
        if isinstance(rule, Criterion):
            found[rule.name] = rule
    return dict(sorted(found.items(), key=lambda item: (item[1].needs != "weights", item[0])))


def criterion_names() -> tuple[str, ...]:
    """Return the names of all criteria, the ones that need only weights first."""
    return tuple(_criteria())


def criterion(name: str) -> Criterion:
    """Return the criterion ``name``, or raise ``UnknownName`` with the closest names."""
    if name not in _criteria():
        raise UnknownName.among("criterion", name, _criteria())
    return _criteria()[name]


def method_summaries(network: Network, dense: Outcome) -> tuple[MethodSummary, ...]:
    """Return every method with its definition, and why this model cannot use it, if so."""
    return tuple(
        MethodSummary(
            rule.name, rule.title, rule.definition, rule.source, rule.needs, _reason(rule, dense)
        )
        for rule in _criteria().values()
    )


def _reason(rule: Criterion, dense: Outcome) -> str | None:
    if rule.needs == "labels" and dense.entropy is None:
        return "it needs a cross-entropy, and this model's outputs are not class logits"
    return None
