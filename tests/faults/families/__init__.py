"""The bad inputs, one file for each family of them."""

from functools import cache

from tests.faults.bad_input import BadInput
from tests.faults.families import (
    bad_arrays,
    bad_code,
    bad_plans,
    bad_programs,
    bad_references,
    bad_weights,
    damaged_files,
    forged_studies,
    found,
    named,
    numbers,
    paths,
)

_FAMILIES = (
    named, found, numbers, paths, bad_references, damaged_files, bad_programs, bad_weights,
    bad_arrays,
    forged_studies, bad_plans, bad_code,
)  # fmt: skip


@cache
def all_inputs() -> tuple[BadInput, ...]:
    """Return every bad input, in the order of its families."""
    made = tuple(bad for family in _FAMILIES for bad in family.inputs())
    names = [str(bad) for bad in made]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, twice
    return made
