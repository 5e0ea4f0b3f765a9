"""How jobs ended under each fault, as docs/gpu-container.md shows it."""

from __future__ import annotations

from collections import Counter

HEAD = "| fault | times | ended right | ended with a reason |\n|---|---|---|---|\n"


def fault_table(counted: Counter[tuple[str, str]]) -> str:
    rows = [HEAD]
    for fault in dict.fromkeys(fault for fault, _ in counted):
        right, reason = counted[fault, "right"], counted[fault, "reason"]
        rows.append(f"| {fault} | {right + reason} | {right} | {reason} |\n")
    return "".join(rows)
