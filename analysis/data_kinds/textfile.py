"""``textfile:FILE``: windows of a text for a causal language model, each with what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from prunescope.data_kinds.kind import DataKind, Parts, Preprocess
from prunescope.data_kinds.options import COUNTS, Options
from prunescope.data_kinds.tokenizers import tokens_of
from prunescope.errors import BadReference, DataMismatch


class TextFile(DataKind):
    """Windows of ``length`` tokens, side by side; none is in two splits.

    Splits lie behind each other in the file: training text first, so that calibration is read from
    it; then validation; then test. ``input`` names the model's argument, so that inputs are a dict.
    """

    name = "textfile"
    form = "textfile:FILE"
    options: ClassVar[Mapping[str, int | str]] = {
        **COUNTS,
        "length": 128,
        "tokenizer": "bytes",
        "input": "",
    }
    rank = 3

    def load(self, name: str, options: Options, preprocess: Preprocess | None) -> Parts:
        """Return windows of the UTF-8 file ``name``.

        Raises:
            BadReference: There is no such file or tokenizer.
            DataMismatch: The text is no UTF-8, or too short for one window a split.
        """
        import torch

        del preprocess
        path = Path(name)
        if not path.is_file():
            raise BadReference(f"Expected a text in {name}, but there is no such file. Check it.")
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise DataMismatch(
                f"Expected {name} to be UTF-8, but byte {error.start} is not. Convert the file."
            ) from error
        length = options.count("length")
        tokens = torch.tensor(tokens_of(text, options.text("tokenizer")), dtype=torch.long)
        windows = max(len(tokens) - 1, 0) // length
        asked = {part: options.count(part) for part in COUNTS}
        share = min(1.0, windows / sum(asked.values()))
        counts = {part: int(count * share) for part, count in asked.items()}
        if not all(counts.values()):
            raise DataMismatch(
                f"Expected {name} to hold at least one window of {length} tokens for each split, "
                f"but it holds {len(tokens)} tokens. Give more text, or a smaller ?length=."
            )
        inputs = tokens[: windows * length].view(windows, length)
        following = tokens[1 : windows * length + 1].view(windows, length)
        ends = {"calibration": 0, "validation": windows - counts["validation"] - counts["test"],
                "test": windows - counts["test"]}  # fmt: skip

        def split(part: str) -> tuple[Any, Any]:
            rows = slice(ends[part], ends[part] + counts[part])
            named = options.text("input")
            return ({named: inputs[rows]} if named else inputs[rows]), following[rows]

        return Parts({part: split(part) for part in COUNTS})

    def path(self, name: str) -> Path:
        """Return the file."""
        return Path(name)


KIND: Final = TextFile()
