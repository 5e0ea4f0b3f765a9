"""What the watchdog costs beside pictures. It works by the minute, and stays up while one is open.

Every minute a run begins and looks. While a job is open it waits for its next look, up to the last
one of its minute (`lambdas/watchdog/handler.py`), and is paid for the waiting.
"""

from __future__ import annotations

import math

from benchmarks.prices import Unit, cost
from infra.rooms import WATCHDOG
from lambdas.watchdog.handler import LAST_LOOK_S, LOOK_EVERY_S
from local.idle_cost import WATCHDOG as IDLE_RUN

_MINUTE_S = 60.0


def alone_s(open_s: float) -> float:
    """Return the mean seconds that it is up for one picture with none before and after.

    The picture's time may begin anywhere in a minute. A run that meets it goes on from look to
    look while it is open, so that each look adds a wait with the chance that it falls before the
    end.
    """
    looks = range(math.ceil(LAST_LOOK_S / LOOK_EVERY_S))
    waits = (LOOK_EVERY_S * max(open_s - LOOK_EVERY_S * look, 0.0) for look in looks)
    return sum(waits) / _MINUTE_S


def busiest_s(open_s: float) -> float:
    """Return the seconds for each of pictures of which one is open at any time, one at a time.

    It is never more: two that are open together share the same run.
    """
    return open_s * LAST_LOOK_S / _MINUTE_S


def dollars(up_s: float) -> float:
    """Return what so many seconds of it cost: memory, and each look as dear as an idle run."""
    looks = up_s / LOOK_EVERY_S
    units = {
        Unit.LAMBDA_GB_S: (up_s + looks * IDLE_RUN.seconds) * WATCHDOG.memory_mib / 1024,
        Unit.READ: looks * IDLE_RUN.reads,
    }
    return sum(cost(units).values())
