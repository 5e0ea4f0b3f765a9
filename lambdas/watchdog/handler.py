"""Once a minute: look after every job that should have moved by now, and after no other."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from distillery.core.heal_job import HealJob

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""Overdue jobs looked after in one run; what is left is looked after a minute later."""

Handler = Callable[[], int]


def build_handler(
    heal: HealJob, job_in_logs: Callable[[str], AbstractContextManager[None]]
) -> Handler:
    """Return the handler of a schedule; it returns how many jobs it has looked after."""

    def handle() -> int:
        overdue = heal.store.overdue(heal.clock(), AT_ONCE)
        for job_id in overdue:
            with job_in_logs(job_id):
                try:
                    heal(job_id)
                except Exception:
                    logger.exception("could not look after the job")
                    heal.telemetry.count("HealingFailed")
        heal.telemetry.count("JobsOverdue", len(overdue))
        return len(overdue)

    return handle
