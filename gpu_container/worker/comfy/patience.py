"""How long the client of ComfyUI waits for what. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Between looks at /history; without any answer before the engine is given up; and for a run
    that was interrupted to leave the engine: so long its job waits for that, and so long after it
    the engine is ended with the run (ENGINE_STUCK_SECONDS; docs/gpu-container.md says why 30).
    """

    history_every_s: float = 2.0
    unreachable_s: float = 30.0
    leave_s: float = 2.0
    stuck_s: float = 30.0
