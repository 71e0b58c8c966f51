"""Every page runs headless on a real study, shows what it must, and never a traceback."""

from pathlib import Path

import pytest

from prunescope.commands import Export, FineTune, Request, Time
from prunescope.store.folder import StudyFolder
from tests.dashboard.page import Open, shared

PAGES = ("study", "curves", "plan", "plans", "recover", "export")


@pytest.mark.parametrize("page", PAGES)
def test_it_runs(page: str, studies: Path, open_page: Open) -> None:
    at = open_page(studies, page)
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize("page", PAGES)
def test_a_folder_without_studies_says_what_to_do(
    page: str, tmp_path: Path, open_page: Open
) -> None:
    at = open_page(tmp_path, page)
    assert not at.exception
    if page == "study":
        assert at.header[0].value == "Begin a study"
    else:
        assert "prunescope sweep" in at.info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_damaged_manifest_is_one_sentence(page: str, studies: Path, open_page: Open) -> None:
    (studies / "digits" / "study.json").write_text('{"half": ')
    at = open_page(studies, page)
    assert not at.exception
    assert "study.json" in at.error[0].value


@pytest.mark.parametrize(
    ("page", "button", "module", "kind"),
    [
        ("recover", "Fine-tune", "prunescope.dashboard.views.recover.tuning_form.start", FineTune),
        ("export", "Export and verify", "prunescope.dashboard.views.export.page.start", Export),
        ("export", "Measure speed", "prunescope.dashboard.shared.measured_speed.start", Time),
    ],
)
def test_work_on_a_plan_is_a_job(
    page: str, button: str, module: str, kind: type[Request], study: StudyFolder, studies: Path,
    open_page: Open, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    started: list[Request] = []
    monkeypatch.setattr(module, lambda study, request: started.append(request))
    at = open_page(studies, page, plan=shared(study, fc1=0.3))
    (found,) = [each for each in at.button if each.label == button]
    found.click().run()
    assert not at.exception
    (request,) = started
    assert isinstance(request, FineTune | Export | Time)
    assert type(request) is kind
    assert Path(str(request.plan)).is_file()


@pytest.mark.parametrize("page", ["recover", "export"])
def test_an_empty_plan_has_nothing_to_work_on(page: str, studies: Path, open_page: Open) -> None:
    at = open_page(studies, page)
    assert "removes nothing yet" in at.info[0].value
