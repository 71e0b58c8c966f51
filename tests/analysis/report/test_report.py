"""A report says what the study knows, for people and machines, and runs nothing of anybody's."""

import base64
import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

import prunescope as ps
from prunescope.export.changed_samples import read_changed
from prunescope.progress import Silent
from prunescope.report.gather import gather
from prunescope.report.markup import items, table
from prunescope.report.model_card import model_card
from prunescope.report.numbers import as_csv, as_json
from prunescope.report.page import page
from prunescope.store.folder import StudyFolder
from prunescope.store.measurements import Verification
from prunescope.study.plan import Plan
from tests.analysis.api.digits import splits, trained
from tests.analysis.cli.command import Command

HOSTILE = "</script><img src=http://x onerror=alert(1)>| *a* ${1+1}"


class Parts(HTMLParser):
    """Every element with its attributes, and all text that is no script and no style."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._quiet = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._quiet = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._quiet = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._quiet else data


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[StudyFolder, Plan, Verification]:
    folder = tmp_path_factory.mktemp("report") / "digits"
    study = ps.sweep(
        trained(), splits(), methods=["magnitude", "l1@channel"], sparsities=[0.3, 0.6, 0.9],
        folder=folder, progress=Silent(),
    )  # fmt: skip
    subjects = (
        [*study.layers["layer"][:1]]
        if "layer" in study.layers
        else [study.curves["subject"].iloc[0]]
    )
    plan = replace(study.plan({str(subjects[0]): 0.6}), name=HOSTILE)
    row = study.verify(plan, progress=Silent())
    study.report(plan, folder.parent / "out" / "report.html")
    return StudyFolder.open(folder), plan, row


def test_names_are_text_and_nothing_is_fetched(
    measured: tuple[StudyFolder, Plan, Verification],
) -> None:
    study, plan, _ = measured
    html = page(gather(study, plan), study)
    parts = Parts()
    parts.feed(html)
    tags = [tag for tag, _ in parts.elements]
    assert tags.count("script") == 3
    assert not {"link", "iframe", "object", "form", "base"} & set(tags)
    for tag, attributes in parts.elements:
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert not {"href", "srcset"} & set(attributes)
        assert str(attributes.get("src", "data:image/png")).startswith("data:image/png")
    assert HOSTILE in parts.text


def test_only_its_own_scripts_may_run(measured: tuple[StudyFolder, Plan, Verification]) -> None:
    study, plan, _ = measured
    html = page(gather(study, plan), study)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    said = policy[1].replace("&#x27;", "'")
    assert "default-src 'none'" in said
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(x.encode()).digest()).decode() for x in scripts]
    assert len(scripts) == 2
    assert re.findall(r"'sha256-([^']+)'", said) == hashes
    charts = re.search(r'id="charts">(.*?)</script>', html, re.DOTALL)
    assert charts is not None
    drawn = json.loads(charts[1])
    assert len(drawn) == 1
    assert {"light", "dark"} == set(drawn[0])


def test_numbers_are_the_study_s(measured: tuple[StudyFolder, Plan, Verification]) -> None:
    study, plan, row = measured
    report = gather(study, plan)
    rows = {each.name: each.values for each in report.rows}
    drop = rows["Drop on the validation split"]["pruned"]
    assert drop.value == row.drop.mean
    assert (drop.low, drop.high) == (row.drop.low, row.drop.high)
    score = rows["top-1 on the validation split"]
    assert score["pruned"].value == row.score
    assert study.manifest.baseline is not None
    assert score["dense"].value == study.manifest.baseline.score
    assert rows["Parameters that are not zero"]["dense"].value == study.manifest.parameters
    kept = study.manifest.parameters - row.removed
    assert rows["Parameters that are not zero"]["pruned"].value == kept
    known = json.loads(as_json(report))
    assert len(known["before_after"]) == len(report.rows)
    lines = list(csv.DictReader(io.StringIO(as_csv(report))))
    assert len(lines) == sum(len(each.values) for each in report.rows)
    for line in lines:
        assert float(line["value"]) == rows[line["row"]][line["model"]].value
    assert any("Measured drop" in sentence for sentence in report.expected)
    assert [reason.subject for reason in report.reasons] or report.no_reasons


def test_what_is_not_measured_is_named_with_its_command(
    measured: tuple[StudyFolder, Plan, Verification],
) -> None:
    study, plan, _ = measured
    missing = gather(study, plan).missing
    assert [line.split(":")[0] for line in missing] == [
        "The plan was not measured on the test split", "It was not timed", "No file was exported",
    ]  # fmt: skip
    assert all("prunescope " in line for line in missing)


def test_changed_samples_are_those_that_the_measurement_counted(
    measured: tuple[StudyFolder, Plan, Verification],
) -> None:
    study, plan, row = measured
    changed = read_changed(study.folder, plan.digest)
    assert changed is not None
    assert changed.changed == row.samples - row.agreements
    assert changed.lost - changed.won == round(row.drop_sum)
    assert changed.changed >= changed.lost + changed.won
    assert all(each.dense != each.pruned for each in changed.shown)


def test_the_card_s_front_matter_is_yaml(
    measured: tuple[StudyFolder, Plan, Verification],
) -> None:
    study, plan, row = measured
    card = model_card(gather(study, plan))
    _, front, body = card.split("---\n", 2)
    known = yaml.safe_load(front)
    assert known["license"] == "other"  # nobody knows that of a live model
    (result,) = known["model-index"][0]["results"]
    assert result["metrics"][0]["value"] == pytest.approx(row.score, rel=1e-5)
    assert known["model-index"][0]["name"].endswith(HOSTILE)
    assert "<img" not in body.replace("\\<", "").replace(f"`{HOSTILE}`", "")


def test_the_command_writes_four_files_and_replaces_only_its_own(
    measured: tuple[StudyFolder, Plan, Verification], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    study, plan, _ = measured
    run = Command(monkeypatch, capsys)
    StudyFolder.open(study.folder).save_plan(replace(plan, name="mine"))
    file = tmp_path / "r.html"
    for _ in range(2):
        written = run("report", study.folder, "mine", "-o", file, "--no-changed", "--json").json
        names = [Path(path).name for path in written]
        assert names == ["r.html", "r.json", "r.csv", "r.card.md"]
    (tmp_path / "r.csv").write_text("a,b\n1,2\n")
    refused = run.refused("report", study.folder, "mine", "-o", file, "--no-changed")
    assert "r.csv is another file" in refused
    assert (tmp_path / "r.csv").read_text() == "a,b\n1,2\n"


def test_numbers_break_in_front_of_brackets_and_options_nowhere() -> None:
    made = table(["a", "b"], [["x (y z)", "9 % (8 to 10)"]], numbers=(1,))
    assert "<td>x (y z)</td>" in made
    assert "<td class=number>9\xa0% (8\xa0to\xa010)</td>" in made
    said = items(["run it --split test <b>"])
    assert said == "<ul><li>run it <span class=whole>--split</span> test &lt;b&gt;</li></ul>"
