"""Links restore what they were made from, and nothing else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunescope.dashboard.shared.link import (
    LONGEST,
    Shared,
    decode_plan,
    encode_plan,
    from_query,
    to_query,
)
from prunescope.errors import BadValue, PrunescopeError
from prunescope.study import LayerSummary, Manifest, Reference
from prunescope.study.plan import Choice, Plan


def manifest(layers: int = 4, fingerprint: str = "0123456789abcdef") -> Manifest:
    made = [LayerSummary(f"l{i}", "linear", f"l{i}.weight", (2, 2), 4, 4, 4) for i in range(layers)]
    return Manifest(Reference("m", "d"), fingerprint, 16, 0, 64, 16, 4, tuple(made))


CHOICES = st.builds(
    Choice,
    criterion=st.sampled_from(["magnitude", "taylor", "wanda"]),
    sparsity=st.integers(0, 10_000).map(lambda parts: parts / 10_000),
    granularity=st.sampled_from(["weight", "2:4"]),
    locked=st.booleans(),
)


@given(st.dictionaries(st.sampled_from(["l0", "l1", "l2", "l3"]), CHOICES), st.integers(0, 9))
def test_a_plan_survives_its_link(choices: dict[str, Choice], seed: int) -> None:
    plan = Plan("shared", manifest().fingerprint, choices, "bn", seed)
    assert decode_plan(encode_plan(plan, manifest()), manifest()) == plan


def test_a_link_tells_that_a_solver_picked_the_plan() -> None:
    own = manifest()
    plan = Plan("shared", own.fingerprint, {"l1": Choice("magnitude", 0.5)}, "ls").as_solved()
    assert decode_plan(encode_plan(plan, own), own) == plan
    edited = plan.setting({"l1": Choice("magnitude", 0.6)})
    assert not decode_plan(encode_plan(edited, own), own).solved


def test_a_link_is_safe_in_an_address_and_short() -> None:
    many = manifest(250)
    choices = {f"l{i}": Choice("magnitude", (i * 37 % 100) / 100) for i in range(250)}
    text = encode_plan(Plan("p", many.fingerprint, choices), many)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert len(text) < 1200
    assert decode_plan(text, many).choices == choices


def test_a_plan_too_long_for_a_link_is_refused() -> None:
    import random

    generator = random.Random(0)
    many = manifest(3000)
    choices = {f"l{i}": Choice("magnitude", generator.random()) for i in range(3000)}
    with pytest.raises(BadValue, match="Save it in the study"):
        encode_plan(Plan("p", many.fingerprint, choices), many)


def test_another_study_refuses_the_plan() -> None:
    text = encode_plan(Plan("p", manifest().fingerprint, {"l0": Choice("taylor", 0.5)}), manifest())
    with pytest.raises(BadValue, match="made for others"):
        decode_plan(text, manifest(fingerprint="ffff"))


@given(st.text(max_size=60))
def test_any_text_is_refused_with_a_sentence_or_is_a_plan(text: str) -> None:
    with pytest.raises(PrunescopeError, match="Expected"):
        decode_plan(text, manifest())


@given(st.data())
def test_a_link_that_lost_or_changed_a_character_never_crashes(data: st.DataObject) -> None:
    choices = {"l0": Choice("taylor", 0.5), "l3": Choice("wanda", 0.25)}
    text = encode_plan(Plan("p", manifest().fingerprint, choices), manifest())
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(["", "A", "_", "é"]))
    with contextlib.suppress(PrunescopeError):
        decode_plan(text[:place] + other + text[place + 1 :], manifest())


def test_a_bomb_is_refused() -> None:
    import base64
    import zlib

    bomb = base64.urlsafe_b64encode(zlib.compress(b"\0" * 3_000_000, 9)).decode()
    assert len(bomb) < LONGEST
    with pytest.raises(BadValue, match="damaged"):
        decode_plan(bomb, manifest())


def test_parameters_are_read_and_written() -> None:
    shared = Shared("a study", "conv1", None, "xyz")
    assert to_query(shared) == {"study": "a study", "layer": "conv1", "plan": "xyz"}
    assert from_query({**to_query(shared), "other": "1"}) == shared
    assert len(from_query({"plan": "x" * 10**6}).plan or "") == LONGEST + 1
