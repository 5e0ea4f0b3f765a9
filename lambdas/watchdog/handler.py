"""Every minute, and within it every 15 seconds while a member waits: look after what is overdue.

A minute is the least interval of a schedule; with nothing open, one look in it is all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager

from distillery.core.heal_job import HealJob
from distillery.core.heal_line import HealLine
from distillery.core.watch_line import WatchLine

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""Overdue jobs looked after in one look; after a full one comes the next without a pause."""
LOOK_EVERY_S = 15.0
LAST_LOOK_S = 45.0
"""No look but the first begins later in a run than this: the next run begins after a minute."""

JobInLogs = Callable[[str], AbstractContextManager[None]]
Handler = Callable[[], int]


def build_handler(
    heal: HealJob,
    line: HealLine,
    watch: WatchLine,
    job_in_logs: JobInLogs,
    sleep: Callable[[float], None],
) -> Handler:
    """Return the handler of a schedule; it returns how often it has looked after a job."""

    def handle() -> int:
        look_at = began_at = heal.clock()
        _guarded(line, heal)
        _guarded(watch, heal)
        looked_after = 0
        while True:
            found, healed = _look(heal, job_in_logs)
            _guarded(line.tell, heal)
            looked_after += found
            is_full = found == AT_ONCE
            if not is_full and not heal.store.anything_open():
                return looked_after
            # What cannot be healed is still overdue: without a pause it would be all we look at.
            pause_s = 0.0 if is_full and healed else LOOK_EVERY_S
            now = heal.clock()
            look_at = max(look_at + pause_s, now)
            if look_at > began_at + LAST_LOOK_S:
                return looked_after
            sleep(look_at - now)

    return handle


def _guarded(step: Callable[[], None], heal: HealJob) -> None:
    try:
        step()
    except Exception:
        logger.exception("could not mend the line")
        heal.telemetry.count("LineHealingFailed")


def _look(heal: HealJob, job_in_logs: JobInLogs) -> tuple[int, int]:
    """Return how many jobs were overdue, and of how many that was not in vain."""
    overdue = heal.store.overdue(heal.clock(), AT_ONCE)
    healed = 0
    for job_id in overdue:
        with job_in_logs(job_id):
            try:
                heal(job_id)
                healed += 1
            except Exception:
                logger.exception("could not look after the job")
                heal.telemetry.count("HealingFailed")
    if overdue:  # CloudWatch takes money for a metric only while somebody emits it
        heal.telemetry.count("JobsOverdue", len(overdue))
    return len(overdue), healed
