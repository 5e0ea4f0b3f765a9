"""The faults that can be switched on: how each provider is to misbehave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_SLOW_S = 20.0
LONGEST_SLOW_S = 60.0  # a worker of Runpod's SDK hangs up after waiting 90 s for its job


class Provider(StrEnum):
    """Whom a fault or a submission belongs to."""

    RUNPOD = "runpod"
    SAGEMAKER = "sagemaker"


class FaultMode(StrEnum):
    """One way to misbehave."""

    OK = "ok"
    NO_CAPACITY = "no_capacity"  # jobs are taken, but no worker comes
    CRASH_LOOP = "crash_loop"  # workers end as they start
    DOWN = "down"  # every call is answered 503, nothing runs
    SLOW = "slow"  # every job takes longer
    LOST_REPLY = "lost_reply"  # a submit is taken, but its answer never arrives
    DOUBLE_RUN = "double_run"  # every job is run twice


ENDS_WORKERS = frozenset({FaultMode.CRASH_LOOP, FaultMode.DOWN})
HIRES_NOBODY = frozenset({FaultMode.NO_CAPACITY, FaultMode.DOWN})


@dataclass(frozen=True, slots=True)
class Fault:
    """How a provider behaves now; `seconds` means something to `slow` alone."""

    mode: FaultMode = FaultMode.OK
    seconds: float = 0.0


class BadFault(ValueError):
    """The order to misbehave cannot be followed; the text names the choices."""


class Faults:
    """The switchboard: one fault per provider. `changed` is called after every switch."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._now = dict.fromkeys(Provider, Fault())

    def of(self, provider: Provider) -> Fault:
        """Say how `provider` behaves now."""
        return self._now[provider]

    def switch(self, order: object) -> None:
        """Follow one order `{"provider", "mode", "seconds"?}`.

        Raises:
            BadFault: the order names no known provider or mode, or no sensible time.
        """
        provider, fault = _read(order)
        self._now[provider] = fault
        self._changed()

    def as_json(self) -> dict[str, dict[str, object]]:
        """Show both providers' faults."""
        return {
            provider.value: {"mode": fault.mode.value, "seconds": fault.seconds}
            for provider, fault in self._now.items()
        }


def _read(order: object) -> tuple[Provider, Fault]:
    if not isinstance(order, dict):
        raise BadFault('send an object: {"provider": "runpod", "mode": "ok"}')
    provider = Provider(_one_of("provider", order.get("provider"), [*Provider]))
    mode = FaultMode(_one_of("mode", order.get("mode"), [*FaultMode]))
    if mode is not FaultMode.SLOW:
        return provider, Fault(mode)
    seconds = order.get("seconds", DEFAULT_SLOW_S)
    numeric = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not numeric or not 0 < seconds <= LONGEST_SLOW_S:
        raise BadFault(f"seconds must be a number above 0, at most {LONGEST_SLOW_S:g}")
    return provider, Fault(mode, float(seconds))


def _one_of(field: str, value: object, choices: list[str]) -> str:
    if value not in choices:
        raise BadFault(f"{field} must be one of: {', '.join(choices)}")
    return str(value)
