"""Newton's text and the language model that reads it: disjoint windows, its card's score."""

import math

import pytest
import torch

from prunescope.metrics.registry import metric_definition
from prunescope.sample_models import opticks
from prunescope.sample_models.registry import arrays, load, measured


def test_the_text_is_whole_and_windows_are_in_one_split_alone() -> None:
    text = opticks.text()
    assert text.startswith("OPTICKS:")
    assert "corrupted\nthemselves." in text
    parts = {name: opticks.split(name).letters for name in ("train", "validation", "test")}
    joined = torch.cat([torch.from_numpy(part) for part in parts.values()]).reshape(-1)
    whole = text.encode("utf-8")
    assert bytes(joined.to(torch.uint8).tolist()) == whole[: len(joined)]
    assert len(whole) - len(joined) <= opticks.LENGTH
    drawn = {row.tobytes() for row in opticks.split("calibration").letters}
    assert drawn <= {row.tobytes() for row in parts["train"]}


def test_what_follows_is_one_letter_on() -> None:
    letters, following = opticks.split("validation")
    assert (letters[:, 1:] == following[:, :-1]).all()
    assert (letters[1:, 0] == following[:-1, -1]).all()


def test_the_recorded_perplexity_is_that_of_the_shipped_weights() -> None:
    letters, following = (torch.from_numpy(part) for part in arrays("opticks", "validation"))
    with torch.inference_mode():
        outputs = load("gpt")(letters)
    nats = float(metric_definition("perplexity").values(outputs, following).mean())
    assert math.exp(abs(nats)) == pytest.approx(measured("gpt")["validation"], rel=1e-4)
    assert measured("gpt")["test"] < 5.0  # 256 for one that knows nothing


def test_no_letter_sees_what_comes_later_and_any_length_goes() -> None:
    network = load("gpt")
    letters = torch.from_numpy(opticks.split("test").letters[:2])
    changed = letters.clone()
    changed[:, 60:] = 32
    with torch.inference_mode():
        torch.testing.assert_close(network(letters)[:, :60], network(changed)[:, :60])
        assert network(torch.cat([letters, letters], 1)).shape == (2, 256, 256)
