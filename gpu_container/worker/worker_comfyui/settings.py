"""What a job that brings no limits of its own may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TIMEOUT = "WORKER_COMFYUI_TIMEOUT_SECONDS"


@dataclass(frozen=True, slots=True)
class Terms:
    """For jobs in worker-comfyui's format."""

    timeout_s: float = 600.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Terms:
        """Read the environment; raises ValueError that names what to change."""
        text = environ.get(TIMEOUT) or "600"
        try:
            timeout_s = float(text)
        except ValueError:
            timeout_s = 0.0
        if not 0 < timeout_s < float("inf"):
            raise ValueError(f"{TIMEOUT} must be a number above 0, not {text!r}")
        return cls(timeout_s)
