"""Every form that starts a job asks for the device, and the job is told."""

from pathlib import Path

import pytest

from prunescope.commands import Calibrate, FineTune, Request, Verify
from prunescope.store.folder import StudyFolder
from tests.dashboard.conftest import both
from tests.dashboard.page import Open, shared

SHARED, RECOVER = "prunescope.dashboard.shared", "prunescope.dashboard.views.recover"


@pytest.mark.parametrize(
    ("page", "control", "button", "module", "kind"),
    [
        ("plan", "measure device", "measure", f"{SHARED}.plan_summary", Verify),
        (
            "plan", "combinations device", "measure combinations",
            f"{SHARED}.measure_buttons", Calibrate,
        ),
        ("recover", "distil device", "distil and measure", f"{RECOVER}.distilling", Verify),
        (
            "recover", "ft device", "FormSubmitter:finetune-Fine-tune",
            f"{RECOVER}.tuning_form", FineTune,
        ),
    ],
)  # fmt: skip
def test_jobs_compute_where_the_form_says(
    study: StudyFolder, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch,
    page: str, control: str, button: str, module: str, kind: type[Request],
) -> None:  # fmt: skip
    started: list[Request] = []
    for place in (module, f"{SHARED}.launch"):
        monkeypatch.setattr(
            f"{place}.start", lambda study, request: started.append(request), raising=False
        )
    saved = both(study.manifest, 0.5)
    study.save_plan(saved)
    sparsity = 0.6 if kind is Calibrate else 0.3  # the one of these that nothing vouches for
    more = {"plan": shared(study, fc1=sparsity, fc2=sparsity)} if page == "plan" else {}
    at = open_page(studies, page, **more)
    if page == "recover":
        at.selectbox(key="recover plan").set_value(saved.name).run()
    for choice in ("auto", "cpu"):
        at.selectbox(key=control).select(choice)
        at.button(key=button).click().run()
        assert not at.exception
        assert isinstance(started[-1], kind)
        assert getattr(started[-1], "device", None) == choice
