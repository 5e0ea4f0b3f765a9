"""What a trial found out: one line of the table that `make chaos` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure, and whether it is what it must be. `required` is empty for a mere report."""

    trial: str
    what: str
    figure: str
    required: str = ""
    kept: bool = True


def exactly(trial: str, what: str, figure: int, required: int) -> Finding:
    """Hold a count to one value."""
    return Finding(trial, what, f"{figure:,}", f"{required:,}", figure == required)


def at_most(trial: str, what: str, figure: float, limit: float, unit: str = "") -> Finding:
    """Hold a figure to an upper bound."""
    return Finding(trial, what, f"{figure:,.4g}{unit}", f"≤ {limit:,.4g}{unit}", figure <= limit)


def at_least(trial: str, what: str, figure: float, limit: float, unit: str = "") -> Finding:
    """Hold a figure to a lower bound."""
    return Finding(trial, what, f"{figure:,.4g}{unit}", f"≥ {limit:,.4g}{unit}", figure >= limit)


def table(findings: Sequence[Finding]) -> str:
    """Lay the findings out in columns; a trial's name stands at its first line only."""
    rows = [("trial", "what", "figure", "required", "")]
    last = ""
    for finding in findings:
        name = "" if finding.trial == last else finding.trial
        verdict = "" if not finding.required else "kept" if finding.kept else "BROKEN"
        rows.append((name, finding.what, finding.figure, finding.required, verdict))
        last = finding.trial
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:>{widths[2]}}  "
        f"{row[3]:>{widths[3]}}  {row[4]}".rstrip()
        for row in rows
    )
