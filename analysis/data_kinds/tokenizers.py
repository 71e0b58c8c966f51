"""From text to tokens: bytes, a file of the tokenizers library, or a folder of transformers."""

import warnings
from importlib.util import find_spec
from pathlib import Path

from prunescope.errors import BadReference
from prunescope.user_code.guard import guarded


def tokens_of(text: str, tokenizer: str) -> list[int]:
    """Return the tokens of ``text``, without special ones around it.

    Args:
        text: Any.
        tokenizer: ``bytes`` (256 tokens), ``tokenizer.json``, or a folder that transformers saved.

    Raises:
        BadReference: There is none such, or a package is missing.
    """
    if tokenizer == "bytes":
        return list(text.encode("utf-8"))
    path = Path(tokenizer)
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file() and not path.is_dir():
        raise BadReference(
            f"Expected a tokenizer at {tokenizer}, but there is nothing. Name a tokenizer.json, a "
            "folder that save_pretrained wrote, or bytes."
        )
    package = "tokenizers" if file.is_file() else "transformers"
    if find_spec(package) is None:
        raise BadReference(
            f"Expected the package {package} to read {tokenizer}, but it is not installed. Install "
            f"it: pip install {package}"
        )
    with guarded(
        f"{tokenizer} to be a tokenizer", "Save it again with save_pretrained(folder).",
        BadReference, "reading the tokenizer",
    ):  # fmt: skip
        if package == "tokenizers":
            from tokenizers import Tokenizer

            return list(Tokenizer.from_file(str(file)).encode(text, add_special_tokens=False).ids)
        from transformers import AutoTokenizer

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the text is longer than the model reads at once
            read = AutoTokenizer.from_pretrained(
                tokenizer, trust_remote_code=False, local_files_only=True
            )
            return list(read(text, add_special_tokens=False)["input_ids"])
