"""Runs in other processes, watched through files in the study's folder. Torch-free.

A job is a folder ``STUDY/jobs/NNNN-KIND``. Everything known about it is a file in there, so a
browser refresh, a second viewer and a restart of the server are all the same case.
"""

from prunescope.jobs.job import Job, jobs
from prunescope.jobs.launch import keep_warm_worker, restart, start
from prunescope.jobs.queue import Queue, queue
from prunescope.jobs.records import ACTIVE, STATES, UNKNOWN, Snapshot
from prunescope.jobs.stopping import cancel, press, stop
from prunescope.jobs.worker import JobFailed, JobProgress, running

__all__ = [
    "ACTIVE",
    "STATES",
    "UNKNOWN",
    "Job",
    "JobFailed",
    "JobProgress",
    "Queue",
    "Snapshot",
    "cancel",
    "jobs",
    "keep_warm_worker",
    "press",
    "queue",
    "restart",
    "running",
    "start",
    "stop",
]
