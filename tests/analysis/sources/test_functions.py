"""References to functions: found in files and modules, refused with what is wrong."""

import functools
import os
import sys

import pytest

from prunescope.errors import BadReference, UnknownName
from prunescope.sources.functions import find_function, is_function, source_hash


def test_a_function_in_a_file(write):
    path = write("mine.py", "def build():\n    return 7\n")
    assert find_function("model", f"{path}:build")() == 7


def test_a_file_may_import_its_neighbours(write):
    write("neighbour_of_mine.py", "VALUE = 3\n")
    path = write(
        "mine.py", "import neighbour_of_mine\n\ndef f():\n    return neighbour_of_mine.VALUE\n"
    )
    assert find_function("data", f"{path}:f")() == 3


def test_files_of_one_name_in_two_folders_are_two(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(f"def f():\n    return {name!r}\n")
    assert [find_function("model", f"{tmp_path / n}/mine.py:f")() for n in "ab"] == ["a", "b"]


def test_a_function_in_a_module():
    assert find_function("model", "os.path:join")("a", "b") == "a/b"


def test_a_function_in_a_module_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "package_here").mkdir()
    (tmp_path / "package_here" / "nets.py").write_text("def f():\n    return 5\n")
    monkeypatch.chdir(tmp_path)
    assert find_function("model", "package_here.nets:f")() == 5


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere.py:f", r"to name a Python file, but nowhere\.py does not exist in"),
        ("no_such_package.nets:f", r"'no_such_package' is not installed\. Check the name"),
        ("no such:f", "is not installed"),
    ],
)
def test_a_missing_place_is_named(reference, message):
    with pytest.raises(BadReference, match=message):
        find_function("model", reference)


def test_an_unknown_function_names_the_closest(write):
    path = write("mine.py", "def build():\n    pass\n\ndef other():\n    pass\n")
    with pytest.raises(UnknownName, match=r"function in .*mine\.py.*'biuld'\. Closest: build\."):
        find_function("model", f"{path}:biuld")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise RuntimeError('broken')", "RuntimeError: broken"),
        ("x = (", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import no_such_thing_at_all", "ModuleNotFoundError"),
    ],
)
def test_a_file_that_does_not_import_says_why(write, body, problem):
    path = write("mine.py", body + "\n")
    for _ in range(2):  # the second time is no other time
        with pytest.raises(BadReference, match=rf"to import, but it raised {problem}"):
            find_function("model", f"{path}:f")


def test_what_is_no_function_is_refused(write):
    path = write("mine.py", "build = 3\n")
    with pytest.raises(BadReference, match="to be a function, but it is a int"):
        find_function("model", f"{path}:build")


def test_the_grammar_tells_functions_from_files():
    assert is_function("nets/mine.py:build")
    assert is_function("package.nets:build")
    assert not any(map(is_function, ("sample.npz", "imagefolder:", ":x", "a.py:", "a.py:x y")))


def test_an_edited_function_is_another_one(tmp_path):
    hashes = []
    for body in ("return 1", "return 2"):
        folder = tmp_path / body.replace(" ", "")
        folder.mkdir()
        (folder / "mine.py").write_text(f"def f():\n    {body}\n\ndef g():\n    {body}\n")
        made = find_function("metric", f"{folder}/mine.py:f")
        assert source_hash(made) == source_hash(made)
        assert source_hash(made) != source_hash(find_function("metric", f"{folder}/mine.py:g"))
        hashes.append(source_hash(made))
    assert hashes[0] != hashes[1]


def test_hashes_do_not_depend_on_addresses():
    """A partial's or an object's text holds its address: another one in each process."""

    class Callable:
        def __call__(self):
            return 1

    assert source_hash(functools.partial(find_function, "x")) == source_hash(
        functools.partial(find_function, "y")
    )
    assert source_hash(Callable()) == source_hash(Callable())
    assert source_hash(len) != source_hash(max)


def test_an_edited_file_is_read_anew_whatever_was_compiled_of_it(tmp_path, monkeypatch):
    """Python tells a compiled file by the size and the second of its source."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path, answers = tmp_path / "mine.py", []
    for number in (1, 2):
        path.write_text(f"def f():\n    return {number}\n")
        os.utime(path, (1e9, 1e9))
        answers.append(find_function("metric", f"{path}:f")())
    assert answers == [1, 2]
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"]
