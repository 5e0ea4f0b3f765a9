"""How much memory a process holds."""

from __future__ import annotations

from pathlib import Path


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process, in MB of 1,000,000 bytes (Linux's /proc)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(f"process {pid} has no memory: it has ended")
