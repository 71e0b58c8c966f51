"""What tests read off a page and how they move its controls."""

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared import session
from prunescope.dashboard.shared.link import encode_plan
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan

Open = Callable[..., AppTest]


def texts(at: AppTest) -> str:
    """Everything that is said in words."""
    kinds = ("markdown", "caption", "info", "warning", "error", "subheader", "header")
    return "\n".join(element.value for kind in kinds for element in at.get(kind))


def metric(at: AppTest, label: str) -> str:
    (found,) = [each for each in at.metric if each.label == label]
    return str(found.value)


def draft(at: AppTest, study: StudyFolder) -> Plan:
    plan: Plan = at.session_state[session.draft_key(study)].plan
    return plan


def kept(study: StudyFolder, plan: Plan) -> float:
    """Non-zero parameters that a plan keeps, as a fraction."""
    found = preview(study.manifest, plan, study.measured())
    return found.kept / found.parameters


def budget(at: AppTest, percent: int, kind: str = "parameters") -> AppTest:
    return at.slider(key=f"goal {kind}").set_value(percent).run()


def own(study: StudyFolder, name: str) -> str:
    """The key of a control that belongs to one study."""
    return f"goal {name} {study.manifest.fingerprint[:8]}"


def set_draft(at: AppTest, study: StudyFolder, plan: Plan) -> None:
    """Make ``plan`` the draft, as another page would."""
    before = at.session_state[session.draft_key(study)]
    made = session.Draft(before.history.to(plan), plan, before.revision + 1)
    at.session_state[session.draft_key(study)] = made


def run_menu(at: AppTest, option: str) -> AppTest:
    """Choose from the menu of other plans as the browser would."""
    from streamlit.proto.WidgetStates_pb2 import WidgetState

    (menu,) = at.get("menu_button")
    state = WidgetState(id=menu.proto.id)
    state.string_trigger_value.data = option
    widgets = at._tree.get_widget_states()
    widgets.widgets.append(state)
    return at._run(widgets)


def press_with(at: AppTest, key: str, text: str, button: str) -> AppTest:
    """Press ``button`` with ``text`` typed into a list that takes what it does not offer."""
    at.button(key=button).click()
    widgets = at._tree.get_widget_states()
    (state,) = [each for each in widgets.widgets if each.id == at.selectbox(key=key).id]
    state.string_value = text
    return at._run(widgets)


def choices(at: AppTest, studies: Path) -> dict[str, Choice]:
    """The draft's choices."""
    draft = at.session_state[session.draft_key(StudyFolder.open(studies / "digits"))]
    return dict(draft.plan.choices)


def metric_of_dense(studies: Path, name: str = "digits") -> str:
    """The dense score as the page writes it."""
    baseline = StudyFolder.open(studies / name).manifest.baseline
    assert baseline is not None
    return f"{100 * baseline.score:.2f} %"


def shared(study: StudyFolder, **sparsities: float) -> str:
    """The plan in a link that prunes these layers by magnitude."""
    made = {name: Choice("magnitude", value) for name, value in sparsities.items()}
    return encode_plan(Plan("p", study.manifest.fingerprint, made), study.manifest)
