"""What documents say of the code, and the code of documents, is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CODE = ("analysis", "dashboard", "sample_models", "benchmarks", "tests", "docs")
BEING_BUILT: frozenset[str] = frozenset()  # fmt: skip
"""Named before they are merged: empty this set once they are there."""

_PATH = re.compile(rf"`((?:{'|'.join(CODE)})/[\w./-]*)`")
_ROW = re.compile(r"^\| (Where [^|]+\?|.+\?) \| (.+) \|$", re.MULTILINE)
_CITED = re.compile(r"docs/science\.md\s+§([\d.]+\d)")


def pages() -> list[Path]:
    return [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def paths(text: str) -> list[str]:
    return _PATH.findall(text)


def missing(text: str) -> list[str]:
    return [path for path in paths(text) if not (ROOT / path).exists() and path not in BEING_BUILT]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    assert missing(page.read_text("utf-8")) == []


def test_a_file_that_is_not_there_is_noticed() -> None:
    assert missing("See `analysis/nowhere.py`.") == ["analysis/nowhere.py"]


def test_the_index_answers_at_least_forty_questions_each_with_a_file() -> None:
    rows = _ROW.findall((DOCS / "where-is.md").read_text("utf-8"))
    assert len(rows) >= 40
    assert len({question for question, _ in rows}) == len(rows)
    for question, answer in rows:
        assert paths(answer), question


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    """Read in the repository; the site checks its own links when it is built."""
    links = re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def sections() -> set[str]:
    text = (DOCS / "science.md").read_text("utf-8")
    return set(re.findall(r"^#+ §([\d.]+\d|\d)", text, re.MULTILINE))


def cited() -> dict[str, set[str]]:
    files = [file for folder in CODE[:4] for file in (ROOT / folder).rglob("*.py")]
    pages = [page for page in DOCS.rglob("*.md") if page.name != "science.md"]
    found = {
        file.relative_to(ROOT).as_posix(): set(_CITED.findall(file.read_text("utf-8")))
        for file in [*files, *pages]
    }
    return {name: numbers for name, numbers in found.items() if numbers}


def test_every_section_of_the_science_that_is_cited_exists() -> None:
    names = cited()
    assert len(names) >= 7
    there = sections()
    assert {"1.1", "2.4", "3"} <= there
    unknown = {name: numbers - there for name, numbers in names.items() if numbers - there}
    assert unknown == {}


def test_no_docstring_cites_a_document_that_is_not_here() -> None:
    for folder in CODE[:4]:
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text("utf-8")
            assert not re.search(r"\b(SCIENCE|DESIGN|STYLE)\b", text), file
            for document in re.findall(r"docs/[\w./-]+\.md", text):
                assert (ROOT / document).exists(), f"{file} cites {document}"


def test_the_architecture_and_its_picture_name_every_room() -> None:
    rooms = {init.parent.name for init in (ROOT / "analysis").glob("*/__init__.py")}
    page = (DOCS / "architecture.md").read_text("utf-8")
    picture = (DOCS / "architecture.svg").read_text("utf-8")
    for room in rooms:
        assert re.search(rf"`{room}(/|`)", page), room
        assert re.search(rf">[^<]*\b{room}\b[^<]*<", picture), room


def test_every_decision_is_in_the_index_and_says_what_why_tried_and_where() -> None:
    files = sorted(DOCS.glob("decisions/[0-9]*.md"))
    assert 20 <= len(files) <= 60
    index = (DOCS / "decisions" / "index.md").read_text("utf-8")
    for number, file in enumerate(files, 1):
        text = file.read_text("utf-8")
        assert file.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["What", "Why", "Tried", "Where"]
        assert paths(text.partition("## Where")[2]), file.name
        assert f"]({file.name})" in index


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert versions[0] == "Unreleased"
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert {"Added", "Changed", "Fixed"} <= kinds
