"""Every third day: send each provider a job of our own. What it raises makes Lambda call again."""

from __future__ import annotations

from collections.abc import Callable

from distillery.core.send_canaries import SendCanaries

Handler = Callable[[], None]


def build_handler(send: SendCanaries) -> Handler:
    """Return the handler of a schedule. A second run in the same three days changes nothing."""

    def handle() -> None:
        send()

    return handle
