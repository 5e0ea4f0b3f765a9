"""The ledger of every submit that each provider saw, for tests that count GPU work."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.gpu_cloud.faults import FaultMode, Provider


@dataclass(frozen=True, slots=True)
class Submission:
    """One submit; `job_id` and `attempt` are None when the envelope could not be read."""

    provider: Provider
    provider_job_id: str
    job_id: str | None
    attempt: int | None
    at: float
    mode: FaultMode


class Submissions:
    """Grows only. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: list[Submission] = []

    def record(
        self, provider: Provider, provider_job_id: str, envelope: object, mode: FaultMode
    ) -> None:
        """Note a submit; `envelope` is the job as it came: an object, or its JSON text."""
        fields = _fields(envelope)
        self._seen.append(
            Submission(
                provider,
                provider_job_id,
                fields.get("job_id"),
                fields.get("attempt"),
                self._clock(),
                mode,
            )
        )

    def as_json(self) -> list[dict[str, Any]]:
        """Show them all, oldest first."""
        return [asdict(submission) for submission in self._seen]


def _fields(envelope: object) -> dict[str, Any]:
    if isinstance(envelope, bytes):
        try:
            envelope = json.loads(envelope)
        except ValueError:
            return {}
    return envelope if isinstance(envelope, dict) else {}
