"""Every error Distillery raises on purpose, as one tree.

DistilleryError
├── UserError              the member can mend it; `str(error)` is written for them and may be shown
│   ├── InvalidOption      one option of a command holds something it may not
│   ├── NotServed          a rule, a moderator or an earlier refusal stands against it
│   └── NotEnoughCredits   the member's credits do not cover the job
├── ConfigError            the operator can mend it; names every setting or field that is wrong
│   └── BrokenRecipe       a workflow folder cannot be used; names the file, the field and the fix
├── ProviderError          a GPU provider did not take a job; another one may
│   ├── ProviderRefused    it answered no
│   │   └── JobRefused         it will never take this job
│   └── ProviderUnreachable   it did not answer, so whether it took the job is unknown
├── DiscordError           Discord did not take a message
│   ├── DiscordUnavailable    it may take the same message later
│   └── DiscordRefused     it never will
├── NoOpinion              whoever was to judge a text or a picture did not say
├── StoreBusy              too many rooms write to the same records this instant
├── StoreUnsure            the store did not say whether it wrote
├── QueueUnavailable       the wake-up queue did not say that it took a message
└── StoreConflict          a conditional write lost to another one
    ├── DuplicateJob       the job exists already
    ├── AlreadyDecided     this very request has been decided before
    ├── StaleJob           the job has moved on since it was read
    ├── NoFreeSlot         the provider holds as many jobs as it may
    └── MemberAtLimit      the member has as many jobs in flight as they may
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

_MOST_TEXT = 1900  # a message of Discord holds 2,000 characters


class DistilleryError(Exception):
    """The root: whatever is not one of these is a defect."""


class UserError(DistilleryError):
    """A member's mistake. The text says what is wrong and what to do, and may be shown to them.

    `parts` holds each line's text, and the values for its braces, for whoever translates them.
    """

    def __init__(self, text: str, /, **values: object) -> None:
        super().__init__(text.format(**values) if values else text)
        self.parts: tuple[tuple[str, Mapping[str, object]], ...] = ((text, values),)

    @classmethod
    def of(cls, mistakes: Sequence[UserError]) -> Self:
        """Return one error with a line for each mistake, as many as a message takes."""
        fitting = [m for n, m in enumerate(mistakes, 1) if _length(mistakes[:n]) <= _MOST_TEXT]
        together = cls("\n".join(map(str, fitting)))
        together.parts = tuple(part for mistake in fitting for part in mistake.parts)
        return together


def _length(mistakes: Sequence[UserError]) -> int:
    return sum(len(str(mistake)) + 1 for mistake in mistakes)


class InvalidOption(UserError):
    """One option of a command holds something it may not."""


class NotServed(UserError):
    """A rule of content, a moderator or an earlier refusal stands against the request."""


class NotChecked(UserError):
    """The operator wants requests looked at by somebody who could not be asked."""


class NotEnoughCredits(UserError):
    """The member's credits do not cover the job. Nothing was reserved."""


class ConfigError(DistilleryError):
    """A setting or a file of the deployment is wrong. Lists every problem, by name."""


class BrokenRecipe(ConfigError):
    """A workflow folder cannot be used. Names the file, the field and the fix."""


class ProviderError(DistilleryError):
    """A GPU provider did not take a job. Another provider may."""


class ProviderRefused(ProviderError):
    """The provider answered, and the answer was no. `status` is its HTTP status, if it had one."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class JobRefused(ProviderRefused):
    """The provider will never take this job: the job is wrong, not the provider."""


class ProviderUnreachable(ProviderError):
    """The provider gave no answer: it may or may not have taken the job."""


class DiscordError(DistilleryError):
    """Discord did not take a message."""


class DiscordUnavailable(DiscordError):
    """Discord failed or asked us to slow down; the same call may work later."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DiscordRefused(DiscordError):
    """Discord will never take this call: the token is dead or the message is invalid."""


class NoOpinion(DistilleryError):
    """Whoever was asked for a second opinion did not give one: the operator says what follows."""


class StoreBusy(DistilleryError):
    """Too many rooms wrote to the same records this instant: the same call may work a bit later."""


class StoreUnsure(DistilleryError):
    """The store gave no answer: what was to be written may have been, or may be yet."""


class QueueUnavailable(DistilleryError):
    """The wake-up queue did not say that it took a message; the watchdog wakes the job later."""


class StoreConflict(DistilleryError):
    """A conditional write lost to another one. Nothing was written."""


class DuplicateJob(StoreConflict):
    """A job of this id exists already."""


class AlreadyDecided(StoreConflict):
    """A decision about this interaction is recorded already."""


class StaleJob(StoreConflict):
    """The job has moved on since it was read, or belongs to another attempt."""


class NoFreeSlot(StoreConflict):
    """The provider already holds as many jobs as it may."""


class MemberAtLimit(StoreConflict):
    """The member already has as many jobs in the line or at providers as they may."""
