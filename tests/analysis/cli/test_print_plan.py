"""What ``plan`` says of how good a plan is."""

import math
from dataclasses import replace

from prunescope.cli.print_plan import proof
from tests.analysis.planning.test_front import ready


def test_what_cannot_be_added_up_is_said_and_not_called_the_best() -> None:
    found = ready("parameters=0.5").solve()
    assert "of the best plan of measured sparsities" in proof(found, measured=False)
    unknown = replace(found, value=math.nan)
    for each in (unknown, replace(unknown, predicted=0.25, beside={"lamp": 0.25})):
        said = proof(each, measured=False)
        assert "nan" not in said.lower()
        assert "best plan" not in said
        assert "ivergence cannot be added up over single layers" in said
        assert said.endswith("on each of them.")
