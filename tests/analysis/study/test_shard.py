"""A shard is one of so many parts."""

import pytest

from prunescope.errors import BadValue
from prunescope.study.shard import WHOLE, Shard


def test_a_shard_says_what_it_was_read_from() -> None:
    assert str(Shard.parse(" 2/8 ")) == "2/8"
    assert Shard.parse("1/1") == WHOLE


@pytest.mark.parametrize("text", ["", "2", "2/", "0/3", "4/3", "1/0", "-1/3", "1.5/3", "²/3",
                                  "1/200000", "9" * 50 + "/9"])  # fmt: skip
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match=r"^Expected a shard .*but got .*\. Give "):
        Shard.parse(text)
