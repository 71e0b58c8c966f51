"""Windows of a text, each with what comes next; no window in two splits."""

from pathlib import Path

import pytest
import torch

from prunescope.errors import BadReference, DataMismatch
from tests.analysis.sources.loaded import data, lengths


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text("".join(chr(97 + place % 26) for place in range(1001)), "utf-8")
    return path


def test_windows_predict_the_next_byte(text: Path) -> None:
    splits = data(f"textfile:{text}?length=10&calibration=20&validation=30&test=10", "sample:mlp")
    assert lengths(splits) == [20, 30, 10]
    inputs, targets = splits.validation.inputs, splits.validation.targets
    assert torch.equal(inputs[:, 1:], targets[:, :-1])
    assert torch.equal(inputs[1:, 0], targets[:-1, -1])


def test_no_token_is_in_two_splits(text: Path) -> None:
    splits = data(f"textfile:{text}?length=10", "sample:mlp")
    assert sum(lengths(splits)) <= 100
    assert min(lengths(splits)) >= 1


def test_inputs_are_a_dict_by_the_argument_s_name(text: Path) -> None:
    splits = data(f"textfile:{text}?length=10&input=input_ids", "sample:mlp")
    assert splits.test.inputs["input_ids"].shape[1] == 10


def test_a_tokenizer_s_file_is_read(text: Path, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    words = {chr(97 + place): place for place in range(26)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="a"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    made.save(str(tmp_path / "tokenizer.json"))
    splits = data(f"textfile:{text}?length=10&tokenizer={tmp_path}/tokenizer.json", "sample:mlp")
    assert int(splits.validation.inputs.max()) == 25


@pytest.mark.parametrize(
    ("content", "query", "message"),
    [
        ("", "", "holds 0 tokens"),
        ("short", "?length=4", "holds 5 tokens"),
        ("long enough " * 100, "?tokenizer=nowhere", "Expected a tokenizer at nowhere"),
    ],
)
def test_what_cannot_be_read_says_why(
    content: str, query: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "other.txt"
    path.write_text(content)
    with pytest.raises((DataMismatch, BadReference), match=message):
        data(f"textfile:{path}{query}", "sample:mlp")


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_bytes("größe".encode("latin-1"))
    with pytest.raises(DataMismatch, match="to be UTF-8, but byte 2 is not"):
        data(f"textfile:{path}", "sample:mlp")
