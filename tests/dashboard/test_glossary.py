"""Every number's meaning is one hover away, and every word is explained in one place."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.tables.column_meanings import MEANINGS
from prunescope.text.glossary import GLOSSARY
from tests.dashboard.page import Open, texts

ROOT = Path(__file__).parents[2]
_ENTRY = re.compile(r"^([^\n:#][^\n]*)\n: (.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


def unexplained(at: AppTest) -> list[str]:
    """Columns and metrics of a page that say nothing of what they mean."""
    silent = [metric.label for metric in at.metric if not metric.proto.help]
    for table in at.dataframe:
        said = json.loads(table.proto.columns or "{}")
        shown = list(table.proto.column_order) or list(table.value.columns)
        silent += [name for name in shown if not (said.get(name) or {}).get("help")]
    return silent


@pytest.mark.parametrize("page", ["study", "curves", "plan", "plans", "recover", "export"])
def test_every_column_and_metric_is_explained(studies: Path, open_page: Open, page: str) -> None:
    at = open_page(studies, page)
    assert not at.exception
    assert unexplained(at) == []


def test_what_says_nothing_is_noticed() -> None:
    def script() -> None:
        import pandas as pd
        import streamlit as st

        st.metric("Mute", 1)
        st.dataframe(pd.DataFrame({"Silent": [1]}))

    assert unexplained(AppTest.from_function(script).run()) == ["Mute", "Silent"]


def test_the_documentation_says_what_the_pages_say() -> None:
    documented = _ENTRY.findall((ROOT / "docs" / "words.md").read_text(encoding="utf-8"))
    assert {word: " ".join(meaning.split()) for word, meaning in documented} == GLOSSARY


def test_meanings_are_sentences() -> None:
    for text in (*GLOSSARY.values(), *MEANINGS.values()):
        assert text[0].isupper(), text
        assert text.endswith("."), text


def test_the_list_of_words_is_on_every_page(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan")
    assert GLOSSARY["accepted drop"] not in texts(at)  # sent when it is opened
    at.session_state["word list"] = True
    at.run()
    assert GLOSSARY["accepted drop"] in texts(at)
