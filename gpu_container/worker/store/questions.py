"""Short questions to a store: a request whose answer is a status.

Over connections that stay open, below `requests`, which costs a millisecond per call.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import SplitResult, urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from gpu_container.worker.store.access import StoreAccess, public_addresses
from gpu_container.worker.wire import Wire, dial, port_of

_MOST_OF_AN_ANSWER = 1 << 16  # bytes of it that are read, so that its connection can be kept


class StoreQuestions:
    """The connections to where the store is. Any number of threads may ask."""

    def __init__(self, access: StoreAccess) -> None:
        self._access = access
        self._wires: dict[str, Wire] = {}
        self._tls = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)

    def ask(
        self,
        method: str,
        url: str,
        check: Callable[[], None],
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
        body: Iterable[bytes] = (),
    ) -> int:
        """Return the status; no redirect is followed and nothing is tried again.

        `check` is called ten times a second: what it raises ends the question. Raises
        AddressRefused, the wire's NoAnswer, and what `body` raises.
        """
        self._access.check(url)
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        wire = self._wires.setdefault(origin, Wire(lambda: origin, self._connect))
        return wire.ask(
            method,
            path,
            check,
            body=body,
            headers=headers,
            timeout_s=timeout_s,
            most_bytes=_MOST_OF_AN_ANSWER,
        ).status

    def close(self) -> None:
        """Drop the connections."""
        while self._wires:
            self._wires.popitem()[1].close()

    def _connect(self, address: SplitResult) -> socket.socket:
        """Connect as StoreAccess has it."""
        access = self._access
        at: Iterable[str] = ()
        if not access.origins:
            at = public_addresses(address.hostname or "", port_of(address), access.resolve)
        return dial(address, at=at, tls=self._tls)
