"""What several commands make of the words that they are given."""

from pathlib import Path

from prunescope.store.folder import Study
from prunescope.store.json_documents import read_document
from prunescope.study.plan import Plan


def read_plan(study: Study, plan: str) -> Plan:
    """Return the plan in file ``plan``, or the saved plan of that name, made for ``study``."""
    if plan.endswith(".json"):
        found = read_document(Plan, Path(plan))
        found.require(study.manifest)
        return found
    return study.plan(plan)


def use_threads(threads: int) -> None:
    """Let torch use ``threads`` of the CPU; 0 leaves the choice to it."""
    import torch

    if threads:
        torch.set_num_threads(threads)
