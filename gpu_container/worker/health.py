"""What the doors must know of the machine before they let a job in."""

from __future__ import annotations

from typing import Protocol


class Health(Protocol):
    """Whether the GPU works. Asked often and by many threads: answers from memory."""

    def is_healthy(self) -> bool:
        """False once the GPU is known to be broken; it does not come back."""

    def reason(self) -> str:
        """Say what is broken."""


class Readiness(Protocol):
    """Whether the start has ended and the engine answers."""

    def is_ready(self) -> bool:
        """Ask now."""

    def wait_ready(self) -> None:
        """Return when the first job may come. Raises JobFailed when none ever may."""
