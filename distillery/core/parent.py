"""Where a request comes from that was not a command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parent:
    """The request that this one goes on from, with a button, and what was to be done with it."""

    job_id: str
    action: str  # the button's: see `distillery.discord.buttons`
    picture: int | None = None  # which of its pictures, from 0; None: the request itself
    message_id: str | None = None  # of the message whose button it was
    number: int | None = None  # that picture as members count it there: see `Answer.number_of`
