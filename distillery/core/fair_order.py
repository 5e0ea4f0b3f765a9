"""The order of the line: start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996).

Each job has a start tag, and the least goes first. A member's next job starts where their last one
ended in virtual time, so that a member with many jobs has tags far ahead, and one who comes with
their first is among the next. Virtual time is the start tag of the job dispatched last; whoever was
away does not save up time meanwhile.
"""

from __future__ import annotations


def start_tag(virtual_time: float, last_finish_tag: float) -> float:
    """Return the start tag of a member's next job."""
    return max(virtual_time, last_finish_tag)
