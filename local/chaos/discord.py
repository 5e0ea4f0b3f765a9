"""Discord as the members see it: one message for each request, and all that it ever showed.

This is the oracle: it knows nothing of jobs' states, only what was acknowledged and shown.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from distillery.core.errors import DiscordRefused, DiscordUnavailable
from distillery.core.job import Job
from distillery.core.ports import Delivery, Missing, Progress, Waiting
from local.chaos.clockwork import Clockwork
from local.chaos.weather import Weather

_RESPOND_WITHIN_S = 3.0
_FRESH_S = 10.0
"""So long a 404 is taken to mean that our first answer is still on its way."""


@dataclass(slots=True)
class Message:
    """The answer to one interaction."""

    asked_at: float
    response: str | None = None  # "thinking", "refused" or "uncertain": the first that Discord got
    showing: tuple[str, Any] | None = None
    finals: list[tuple[str, Any]] = field(default_factory=list)  # each different one
    told: int = 0  # how often a final answer was written, each time it was
    answered_at: float | None = None

    def show(self, kind: str, content: Any, now: float) -> None:
        """Replace what is seen."""
        self.showing = (kind, content)
        if kind in ("waiting", "progress"):
            return
        self.told += 1
        if self.answered_at is None:
            self.answered_at = now
        if self.showing not in self.finals:
            self.finals.append(self.showing)


class SimulatedDiscord:
    """Implements `Replies`."""

    def __init__(self, clock: Clockwork, rng: random.Random, weather: Weather) -> None:
        self.messages: dict[str, Message] = {}
        self.weather = weather
        self.is_down = False
        self._clock = clock
        self._rng = rng

    def asked(self, job_id: str) -> None:
        """A member sends a command."""
        self.messages.setdefault(job_id, Message(self._clock()))

    def respond(self, job_id: str, response: str) -> None:
        """Take the answer to the interaction; only the first counts, and only in time."""
        message = self.messages[job_id]
        if self._clock() - message.asked_at <= _RESPOND_WITHIN_S:
            message.response = message.response or response

    def show_waiting(self, job: Job, waiting: Waiting) -> None:
        """Edit the message."""
        self._edit(job, "waiting", waiting)

    def show_progress(self, job: Job, progress: Progress) -> None:
        """Edit the message."""
        self._edit(job, "progress", progress.sequence)

    def show_pictures(
        self, job: Job, deliveries: Sequence[Delivery], missing: Missing | None = None
    ) -> None:
        """Edit the message."""
        self._edit(job, "pictures", tuple((d.job.job_id, d.data) for d in deliveries))

    def show_failure(self, job: Job, text: str, **values: str) -> None:
        """Edit the message."""
        self._edit(job, "failure", (text, values))

    def _edit(self, job: Job, kind: str, content: Any) -> None:
        message = self.messages[job.lead_id]
        if message.response is None:
            if self._clock() - job.created_at < _FRESH_S:
                raise DiscordUnavailable("404: there is no answer to edit yet")
            raise DiscordRefused("10015: nobody ever answered this interaction")
        fails = self.is_down or self._rng.random() < self.weather.discord_error
        if not fails or self._rng.random() < 0.2:  # noqa: PLR2004 - some fail after they are done
            message.show(kind, content, self._clock())
        if fails:
            raise DiscordUnavailable("503, or 429")
