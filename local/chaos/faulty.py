"""Ports that die: every side effect of the service has a crash point before and one after it.

The points are read off the port protocols, so that a new method of a port is dangerous by itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from distillery.core.ports import (
    Attachments,
    DeadLetters,
    GpuProvider,
    JobQueue,
    JobStore,
    ObjectStore,
    ProviderRecords,
    Replies,
)

Port = TypeVar("Port")
Gate = Callable[[str], None]
"""Told each point that is passed; may let time pass, or raise Crash."""

PORTS: Mapping[str, type] = {
    "attachments": Attachments,
    "letters": DeadLetters,
    "objects": ObjectStore,
    "provider": GpuProvider,
    "queue": JobQueue,
    "records": ProviderRecords,
    "replies": Replies,
    "store": JobStore,
}
HARMLESS: Mapping[str, frozenset[str]] = {
    "attachments": frozenset({"fetch"}),
    "letters": frozenset({"list", "take"}),  # an operator's commands: no room does them
    "objects": frozenset({"read", "exists", "sign_claim", "sign_get", "sign_upload"}),
    "provider": frozenset({"condition", "status"}),
    "queue": frozenset(),
    "records": frozenset({"all"}),
    "replies": frozenset(),
    "store": frozenset(
        {
            *(
                "load",
                "load_all",
                "asked_since",
                "line",
                "place",
                "held",
                "members_held",
                "of_member",
            ),
            *("overdue", "anything_open", "account"),
        }
    ),
}
"""Methods that change nothing of a job. Whatever is not named here has a side effect."""


class Crash(BaseException):
    """The room is killed, as Lambda kills one: no handler of an error sees it."""


def side_effects(port: str) -> frozenset[str]:
    """Names of the methods of a port that change something outside the room."""
    methods = inspect.getmembers(PORTS[port], inspect.isfunction)
    public = {name for name, _ in methods if not name.startswith("_")}
    return frozenset(public - HARMLESS[port])


def crash_points() -> frozenset[str]:
    """Every point at which a room may die: `store.move:before`, `store.move:after`, …"""
    return frozenset(
        f"{port}.{method}:{when}"
        for port in PORTS
        for method in side_effects(port)
        for when in ("before", "after")
    )


def faulty(port: str, target: Port, gate: Gate) -> Port:
    """Return `target` with a gate before and after each of its side effects."""
    return cast("Port", _Faulty(port, target, gate))


class _Faulty:
    def __init__(self, port: str, target: object, gate: Gate) -> None:
        self._target = target
        for method in side_effects(port):
            setattr(self, method, _gated(f"{port}.{method}", getattr(target, method), gate))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


def _gated(point: str, method: Callable[..., Any], gate: Gate) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        gate(f"{point}:before")
        answer = method(*args, **kwargs)
        gate(f"{point}:after")
        return answer

    return call
