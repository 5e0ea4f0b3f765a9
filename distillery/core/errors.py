"""Every error Distillery raises on purpose, as one tree.

DistilleryError
├── UserError              the member can mend it; `str(error)` is written for them and may be shown
│   └── InvalidOption      one option of a command holds something it may not
├── ConfigError            the operator can mend it; names every setting or field that is wrong
│   └── BrokenRecipe       a workflow folder cannot be used; names the file, the field and the fix
├── ProviderError          a GPU provider did not take a job; another one may
│   ├── ProviderRefused    it answered no
│   └── ProviderUnreachable   it did not answer, so whether it took the job is unknown
├── DiscordError           Discord did not take a message
│   ├── DiscordUnavailable    it may take the same message later
│   └── DiscordRefused     it never will
├── QueueUnavailable       the wake-up queue did not say that it took a message
└── StoreConflict          a conditional write lost to another one
    ├── DuplicateJob       the job exists already
    ├── StaleJob           the job has moved on since it was read
    └── NoFreeSlot         the provider holds as many jobs as it may
"""

from __future__ import annotations


class DistilleryError(Exception):
    """The root: whatever is not one of these is a defect."""


class UserError(DistilleryError):
    """A member's mistake. The text says what is wrong and what to do, and may be shown to them."""


class InvalidOption(UserError):
    """One option of a command holds something it may not."""


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


class QueueUnavailable(DistilleryError):
    """The wake-up queue did not say that it took a message; the watchdog wakes the job later."""


class StoreConflict(DistilleryError):
    """A conditional write lost to another one. Nothing was written."""


class DuplicateJob(StoreConflict):
    """A job of this id exists already."""


class StaleJob(StoreConflict):
    """The job has moved on since it was read, or belongs to another attempt."""


class NoFreeSlot(StoreConflict):
    """The provider already holds as many jobs as it may."""
