"""The Study page tells what the model is, and starts sweeps as jobs."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.commands import Sweep
from prunescope.dashboard.shared import job_strip, polling
from prunescope.dashboard.views.study import offered_models
from prunescope.errors import BadReference
from prunescope.jobs import ACTIVE, Job, Snapshot, start
from prunescope.jobs.records import EndRecord, JobRecord
from prunescope.planning.overview import overview
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.store.read_only import READ_ONLY
from prunescope.study.manifest import OwnFile
from prunescope.study.soundness import Check
from prunescope.text import plain
from tests.dashboard.page import Open, draft, metric, metric_of_dense, texts


def test_the_study_page_tells_what_the_model_is(studies: Path, open_page: Open) -> None:
    at = open_page(studies)
    assert metric(at, "Parameters") == "2.19 k"  # 64·24 + 24·16 + 16·10, 50 biases, a table of 64
    table = at.dataframe[0].value
    assert list(table["Layer"]) == ["fc1", "fc2", "fc3", "table"]
    assert table["Can be pruned"].iloc[3] == "no: a table that is added"
    assert list(table["Points"]) == [8, 8, 8, 0]


def test_classes_and_their_balance_are_there_before_anything_is_measured(
    studies: Path, open_page: Open
) -> None:
    opened = StudyFolder.open(studies / "digits")
    assert opened.manifest.baseline is not None
    samples, right = (80,) * 9 + (77,), (70,) * 9 + (77,)
    baseline = replace(opened.manifest.baseline, class_samples=samples, class_correct=right)
    opened.update(replace(opened.manifest, baseline=baseline))
    at = open_page(studies)
    assert not at.exception
    (table,) = [each.value for each in at.dataframe if "Share" in each.value]
    assert tuple(table["Samples"]) == samples
    assert table["Share"].sum() == pytest.approx(100)
    assert list(table["Dense"]) == [87.5] * 9 + [100]
    assert "10 classes of 77 to 80 validation samples." in texts(at)


def test_methods_come_from_the_manifest_with_their_definition(
    studies: Path, open_page: Open
) -> None:
    at = open_page(studies)
    boxes = {box.key: box for box in at.checkbox}
    assert "the smallest leave" in boxes["sweep method magnitude"].label
    assert boxes["sweep method taylor"].disabled
    assert "it needs labels" in boxes["sweep method taylor"].label


def test_the_sweep_form_counts_what_is_missing(studies: Path, open_page: Open) -> None:
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.3,0.5").run()
    assert "**3 points** on 797 validation samples each; 3 more are measured already." in texts(at)
    assert at.button(key="sweep start").label == "Measure 3 points"
    at.text_input(key="sweep sparsities").set_value("30").run()
    assert "Write a fraction instead of percent: 0.3." in at.error[0].value


def test_a_sweep_starts_as_a_job(
    studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Sweep] = []
    monkeypatch.setattr(
        "prunescope.dashboard.views.study.sweep_form.start",
        lambda study, request: started.append(request),
    )
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5").run()
    at.multiselect(key="sweep layers weight").set_value(["fc2"]).run()
    at.button(key="sweep start").click().run()
    assert started == [Sweep(sparsities="0.5", layers=("fc2",))]


def test_a_new_study_starts_as_a_job(
    tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Path, Sweep]] = []
    monkeypatch.setattr(
        "prunescope.dashboard.views.study.new_study.start",
        lambda study, request: started.append((study, request)),
    )
    at = open_page(tmp_path)
    at.text_input(key="begin name").set_value("../outside")
    at.button[-1].click().run()
    assert "Expected a name" in at.error[0].value
    at.text_input(key="begin name").set_value("mine")
    at.button[-1].click().run()
    wanted = Sweep("sample:lenet5", data="sample:fashion-mnist", metric="top-1")
    assert started == [(tmp_path / "mine", wanted)]
    at = open_page(tmp_path)
    at.checkbox(key="begin keep").check()
    at.text_input(key="begin outputs").set_value("logits, 1")
    at.button[-1].click().run()
    kept = replace(wanted, keep_data="512MB", outputs=("logits", "1"))
    assert started[1:] == [(tmp_path / "lenet5", kept)]


def test_what_the_study_keeps_and_how_to_hand_it_on(studies: Path, open_page: Open) -> None:
    folder = next(path.parent for path in sorted(studies.glob("*/study.json")))
    opened = StudyFolder.open(folder)
    assert f"Hand it on as one file: `prunescope pack {folder}`" in texts(open_page(studies))
    reference = replace(opened.manifest.reference, own_network=OwnFile("n.pt2", 24_800, "0"))
    opened.update(replace(opened.manifest, reference=reference))
    assert "The study keeps its network (24.8 kB). Hand it on" in texts(open_page(studies))


def test_names_and_folders_that_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert/config.json").write_text("{}")
    offered = offered_models.offer(tmp_path)
    assert not any(name.startswith("hf:") for name in offered.models)  # no weights there
    (tmp_path / "bert/model.safetensors").write_bytes(b"")
    offered = offered_models.offer(tmp_path)
    assert offered.model("hf:bert") == f"hf:{tmp_path.resolve()}/bert"
    for name in ("timm:resnet18.a1_in1k", "torchvision:resnet50", "ultralytics:yolo11n"):
        assert offered.model(name) == name
    for text in ("hf:/etc", "hf:some/id", "torchhub:a/b:c", "timm:../x", "ultralytics:x.pt"):
        with pytest.raises(BadReference, match="one that is offered here"):
            offered.model(text)


def test_a_dashboard_of_one_study_begins_no_other_inside_it(studies: Path, open_page: Open) -> None:
    at = open_page(studies / "digits")
    assert [each for each in at.text_input if each.key == "begin name"] == []
    assert f"`prunescope dashboard {studies}`" in texts(at)
    assert open_page(studies).text_input(key="begin name")


def test_what_was_damaged_is_said_on_every_page(studies: Path, open_page: Open) -> None:
    (stored,) = (studies / "digits" / "measurements").glob("*.parquet")
    stored.write_bytes(b"PAR?" + stored.read_bytes()[4:-4])
    open_page(studies)  # finds out
    for page in ("study", "curves"):
        at = open_page(studies, page)
        assert not at.exception
        (said,) = [each.value for each in at.warning if "set aside" in each.value]
        assert f"set aside in this study: {stored.name}.damaged" in said


def test_a_study_that_failed_is_not_being_made_and_can_be_taken_out(
    studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start(studies / "wrong", Sweep(model="nowhere.py:build", data="sample:fashion-mnist"))
    for _ in range(600):
        if job.state() not in ACTIVE:
            break
        time.sleep(0.1)
    assert job.snapshot().error
    at = open_page(studies, study="wrong")
    assert not at.exception
    assert "Being made" not in texts(at)
    assert "Not made: its first sweep ended" in texts(at)
    assert any("nowhere.py" in error.value for error in at.error)
    other = open_page(studies)
    assert other.selectbox(key="study").options == ["digits"]
    assert "nowhere.py" in texts(other)
    other.button(key="look wrong").click().run()
    assert "Not made: its first sweep ended" in texts(other)
    at.button(key="take out").click().run()
    assert not at.exception
    assert not (studies / "wrong").exists()
    assert (studies / ".trash" / "wrong" / "jobs").is_dir()
    assert "Not made" not in texts(at)


@pytest.mark.parametrize("page", ["study", "curves", "plan", "plans", "recover", "export"])
def test_what_failed_before_the_study_is_said_on_every_page(
    studies: Path, study: StudyFolder, open_page: Open, page: str
) -> None:
    checks = (
        Check("repeated", "refused", "It draws random numbers."),
        Check("overlap", "marked", "5 of 60 test samples are also validation's."),
        Check("threads", "passed", "The same answers on 1 and 2 threads."),
    )
    study.update(replace(study.manifest, soundness=checks))
    at = open_page(studies, page)
    assert not at.exception
    (error,) = [each.value for each in at.error]
    assert "No number of this study can be relied on." in error
    assert "It draws random numbers." in error
    assert [each.value for each in at.warning if "5 of 60 test samples" in each.value]
    listed = [each.label for each in at.expander if "1 of 3 checks passed" in each.label]
    assert len(listed) == (page == "study")  # with those that passed
    study.update(replace(study.manifest, soundness=checks[2:]))
    assert not open_page(studies, page).error


def test_the_page_begins_with_what_the_study_says_so_far(studies: Path, open_page: Open) -> None:
    at = open_page(studies)
    study = StudyFolder.open(studies / "digits")
    told = overview(StudyKnowledge.of(study), 0.01)
    for sentence in told.sentences():
        assert plain.text(sentence) in texts(at)
    assert plain.text(told.step.value) in texts(at)
    at.number_input(key="limit").set_value(5.0).run()
    wider = overview(StudyKnowledge.of(study), 0.05)
    assert wider.sentences() != told.sentences()
    for sentence in wider.sentences():
        assert plain.text(sentence) in texts(at)


def test_the_predicted_plan_becomes_the_draft(studies: Path, open_page: Open) -> None:
    at = open_page(studies)
    study = StudyFolder.open(studies / "digits")
    reached = overview(StudyKnowledge.of(study), 0.01).reached
    assert reached is not None
    (button,) = [each for each in at.button if each.label == "Open the predicted plan"]
    button.click().run()
    assert draft(at, study).choices == reached.choices


def test_what_was_looked_at_waits_to_be_made_and_says_what_it_costs(
    studies: Path, study: StudyFolder, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = study.folder.rename(studies / ".check-digits two")
    asked = Sweep("sample:mlp", sparsities="0.3,0.5", budget="10s")
    record = JobRecord(tuple(asked.arguments("{study}")), time.time(), "{study}")
    write_document(place / "jobs" / "0001-sweep" / "job.json", record)
    end = EndRecord("done", time.time(), None, time.monotonic())
    write_document(place / "jobs" / "0001-sweep" / "end.json", end)
    started: list[tuple[Path, Sweep]] = []
    monkeypatch.setattr(
        "prunescope.dashboard.views.study.checked_studies.start",
        lambda study, request: started.append((study, request)),
    )
    monkeypatch.setenv(READ_ONLY, "1")
    closed = open_page(studies)
    assert all(closed.button(key=f"{word} {place.name}").disabled for word in ("make", "discard"))
    monkeypatch.delenv(READ_ONLY)
    at = open_page(studies)
    assert not at.exception
    dense = plain.text(metric_of_dense(place.parent, place.name))
    assert f"Dense top-1 **{dense}** (95 %: " in texts(at)
    assert "The sweep: 6 points, 4,782 forward passes of one sample, " in texts(at)
    assert "3 of the points were measured for that, and stay." in texts(at)
    at.button(key=f"make {place.name}").click().run()
    assert not at.exception
    assert started == [(studies / "digits two", Sweep(sparsities="0.3,0.5"))]
    assert StudyFolder.open(studies / "digits two").manifest == study.manifest


def test_a_check_that_ends_while_it_is_drawn_is_drawn_again(
    studies: Path, study: StudyFolder, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = study.folder.rename(studies / ".check-digits two")
    asked = Sweep("sample:mlp", sparsities="0.3,0.5", budget="10s")
    begun = place / "jobs" / "0001-sweep"
    write_document(
        begun / "job.json", JobRecord(tuple(asked.arguments("{study}")), time.time(), "{study}")
    )

    def ends(job: Job, snapshot: Snapshot) -> str:
        del job, snapshot
        end = EndRecord("done", time.time(), None, time.monotonic())
        write_document(begun / "end.json", end)
        return "almost done"

    followed: list[str] = []
    monkeypatch.setattr(job_strip, "describe", ends)
    monkeypatch.setattr(polling, "follow", lambda key, *_: followed.append(key))
    at = open_page(studies)
    assert not at.exception
    assert "Being checked" in texts(at)  # as it was when this was drawn
    assert followed == ["checks seen"]  # so that the page sees its end
    assert at.run().button(key=f"make {place.name}").label == "Make"
    assert followed == ["checks seen"]
