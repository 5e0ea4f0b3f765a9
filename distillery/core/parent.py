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

    @property
    def number(self) -> int | None:
        """The picture as members count it in the message, from 1: each job of one request adds one.

        The ids of those jobs end with `-2`, `-3` and so on.
        """
        if self.picture is None:
            return None
        _, _, part = self.job_id.rpartition("-")
        before = int(part) - 1 if "-" in self.job_id and part.isdigit() else 0
        return before + self.picture + 1
