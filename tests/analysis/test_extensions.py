"""What folders, packages and calls add is listed once, and a bad package stops nobody."""

import logging
from pathlib import Path

import pytest

from prunescope.errors import BadValue, UnknownName
from prunescope.export.formats import registry
from prunescope.export.formats.format import Format
from prunescope.extensions import Registry
from tests import toys

FURTHER = ("onnx-int8", "onnx-fp16", "openvino", "sparse-safetensors", "executorch")


class Text(Format):
    """Defined here, where no other process looks."""

    name = "text"
    file = "model.txt"
    title = "Text"
    purpose = "Reads like a book."


@pytest.fixture
def formats() -> Registry[Format]:
    return Registry(
        "export format", "prunescope.export.formats", "FORMAT", "prunescope.formats", Format
    )


def test_a_call_adds_to_the_end_and_takes_no_name_twice(formats: Registry[Format]) -> None:
    text = Text()
    formats.register(text)
    formats.register(text)
    assert formats.names() == ("safetensors", "pt2", "onnx", "recipe", *FURTHER, "text")
    assert formats.named("text") is text
    assert "text" not in registry.format_names()
    with pytest.raises(BadValue, match="Expected a name that no other export format has"):
        formats.register(Text())
    with pytest.raises(BadValue, match=r"Derive it from Format\."):
        formats.register("text")  # type: ignore[arg-type]
    formats.unregister("text")
    with pytest.raises(UnknownName, match="Expected export format to be one that exists"):
        formats.named("text")


def test_a_file_in_the_folder_is_enough(
    formats: Registry[Format], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import prunescope.export.formats as package

    (tmp_path / "toy_text.py").write_text(
        "from prunescope.export.formats.format import Format\n"
        "class Text(Format):\n"
        "    name, file, title, purpose, rank = 'text', 'model.txt', 'Text', 'Reads.', 1\n"
        "FORMAT = Text()\n"
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    assert formats.names() == ("safetensors", "pt2", "text", "onnx", "recipe", *FURTHER)
    monkeypatch.undo()
    assert formats.names() == ("safetensors", "pt2", "onnx", "recipe", *FURTHER)


def test_what_another_process_cannot_import_is_said(formats: Registry[Format]) -> None:
    for kind in formats.all():
        assert formats.in_module(formats.module_of(kind)) is kind
    with pytest.raises(BadValue, match="Expected the export format 'text' to stand in a file"):
        formats.module_of(Text())
    with pytest.raises(BadValue, match="Expected json to be what .*formats.format describes"):
        formats.in_module("json")


def test_a_package_that_fails_is_named_and_left_out(
    formats: Registry[Format],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    toys.install(tmp_path, monkeypatch)
    (tmp_path / "site" / "toys-1.0.dist-info" / "entry_points.txt").write_text(
        "[prunescope.formats]\nbroken = toy_that_is_not_there\nnpz = toy_npz\n"
    )
    with caplog.at_level(logging.WARNING):
        assert formats.names() == ("safetensors", "pt2", "onnx", "recipe", *FURTHER, "npz")
    assert "Expected the export format broken of toy_that_is_not_there to load" in caplog.text
