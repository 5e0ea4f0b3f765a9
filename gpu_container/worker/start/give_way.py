"""ComfyUI comes first: what the worker does beside it waits where there are too few cores for both.

A graph that waits for a core to hand on its next step leaves the GPU idle; a file that is stored
a moment later costs nothing, as the next graph runs meanwhile.
"""

from __future__ import annotations

import os

NICENESS = 10
"""A tenth of ComfyUI's share of a core that both want (sched(7)): enough for health checks."""


def give_way() -> None:
    """Lower the priority of this thread, and of every thread and process it starts from now on.

    That is how Linux does it (setpriority(2), "C library/kernel differences"). There is no way back
    without privileges.
    """
    os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
