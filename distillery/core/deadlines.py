"""How long each stage of a job may take before somebody looks after it, in seconds."""

from __future__ import annotations

import math

TOKEN_LIFE_S = 15 * 60
"""An interaction token edits its message for 15 minutes (Discord, "Receiving and Responding")."""
ANSWER_WITHIN_S = 11.5 * 60
"""By then the member must have words, if there are no pictures: some minutes are left to tell them
before the token dies, even if the room that does so dies too."""
PROGRESS_WITHIN_S = 10 * 60
"""Later progress is not shown: should it land on the answer, and its room die, the last repeat of
its event comes 4.5 minutes later and must still find the token alive to put the answer back."""

WAITING_WITHIN_S = 5 * 60
"""Later the message does not tell how its job waits: should that land on the answer, and its room
die, its message comes again after 3, 6 and 9 minutes and must find the token alive as well."""

NOT_ADMITTED_S = 30.0
"""So long a new job's first message may take before the watchdog sends another."""
SUBMIT_GRACE_S = 20.0
"""So long an attempt may be silent after it was dispatched, if the provider did not confirm it."""
LOOK_AGAIN_S = 15.0
"""A job at a provider that has not moved for this long is overdue: the watchdog looks after it."""
LOOK_SOONEST_S = LOOK_AGAIN_S / 2
"""One that has shown progress may be looked after so long afterwards already."""

RUN_MARGIN_S = 60
"""What a run may take beyond the job's own limit, which the worker keeps itself: until the engine
has let go of it, and its result is stored, for which alone there are 15 s."""


def look_after_progress(due_at: float, now: float) -> float:
    """Return when the watchdog looks after a job that shows progress now, and that was `due_at`.

    To move that, the key of an index, costs as much as the rest of the write: it stays while it is
    not near.
    """
    is_far = LOOK_SOONEST_S <= due_at - now <= LOOK_AGAIN_S
    return due_at if is_far else now + LOOK_AGAIN_S


def run_ends_within(limit_s: float) -> int:
    """Return after how many seconds a run of a job with this limit is over, well or not.

    Nobody may end it sooner: a platform that cut the worker at the very limit would cut it just as
    it reports why there is no picture.
    """
    return math.ceil(limit_s) + RUN_MARGIN_S
