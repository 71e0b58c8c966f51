"""The best few plans, really measured in a job; the best of them becomes the draft."""

from dataclasses import dataclass, replace

import streamlit as st

from prunescope.commands import MakePlan
from prunescope.dashboard.shared import loaders, session, study_jobs
from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan import goal_controls, offered_plan, plan_solution
from prunescope.errors import BadValue, PrunescopeError
from prunescope.jobs import ACTIVE, Job
from prunescope.planning.pose_goal import solve_posed
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan


@dataclass(frozen=True)
class Begun:
    """A job that measures the best few plans.

    Attributes:
        job: Its id.
        wanted: What was asked; None where another session asked.
        draft: The plan at that time, whatever its name; None where another session asked.
    """

    job: str
    wanted: GoalForm | None = None
    draft: Plan | None = None


def begin(opened: StudyFolder, known: StudyMeasurements, wanted: GoalForm) -> None:
    """Start to measure the best few plans for what is asked.

    Raises:
        PrunescopeError: Nothing is asked, or no plan keeps the targets.
    """
    if wanted.idle:
        raise BadValue(
            "Expected a budget below 100 %, but all are at the dense network's, which is the best "
            "plan for them. Move a budget first."
        )
    solve_posed(
        plan_solution.posed(opened, known, wanted), wanted.limits()
    )  # refused here rather than later
    name = session.draft(opened).plan.name
    job = start(opened.folder, wanted.candidates(goal_controls.tries(), name))
    st.session_state[_begun(opened)] = Begun(job.id, wanted, _draft(opened))
    offered_plan.withdraw(opened)


def arrive(opened: StudyFolder) -> None:
    """Take what a job has measured as the draft, or offer it where the draft or the goal moved."""
    begun, job = _followed(opened)
    if begun is None or job is None:
        offered_plan.recall(opened, next(iter(_mine(opened).values()), None))
        return
    if job.state() in ACTIVE:
        return
    del st.session_state[_begun(opened)]
    snapshot = job.snapshot()
    if snapshot.error:
        plan_solution.refuse(opened, snapshot.error)
    if snapshot.state != "done":
        return
    try:
        found = offered_plan.read(opened, job)
    except PrunescopeError as error:
        plan_solution.refuse(opened, str(error))
        return
    known = loaders.measured(opened)
    wanted = goal_controls.asked(opened, known)
    if begun.draft == _draft(opened) and begun.wanted == wanted:
        offered_plan.take_best(opened, known, wanted, found, job.folder)
    else:
        offered_plan.put(opened, offered_plan.Offered(found, job.folder, begun.wanted))


def under_way(opened: StudyFolder) -> bool:
    """Return whether the best few are being measured; nothing else moves the draft meanwhile."""
    return _followed(opened)[1] is not None


def offer(opened: StudyFolder) -> None:
    """Say that plans are measured, and offer to open what was measured for another draft."""
    if under_way(opened):
        st.caption(
            ":material/science: The best few plans are being measured. The one that loses least "
            "becomes the plan, unless you change the plan or the goal meanwhile."
        )
    offered_plan.offer(opened)


def _followed(opened: StudyFolder) -> tuple[Begun | None, Job | None]:
    """The job that is waited for; one that another session has begun is followed too."""
    mine = _mine(opened)
    begun: Begun | None = st.session_state.get(_begun(opened))
    if begun is None or begun.job not in mine:
        newest = next(iter(mine.values()), None)
        if newest is None or newest.state() not in ACTIVE:
            return None, None
        begun = st.session_state[_begun(opened)] = Begun(newest.id)
    return begun, mine[begun.job]


def _mine(opened: StudyFolder) -> dict[str, Job]:
    """The study's jobs of this kind by their ids, newest first."""
    return {
        job.id: job
        for job in study_jobs.jobs_of(opened.folder)
        if job.kind == MakePlan.command and MakePlan.spelling("verify") in job.arguments
    }


def _draft(opened: StudyFolder) -> Plan:
    return replace(session.draft(opened).plan, name="")


def _begun(opened: StudyFolder) -> str:
    return f"settling {session.draft_key(opened)}"
