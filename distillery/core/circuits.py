"""Opens and closes the circuit of a provider, for all rooms at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from distillery.core.circuit import Circuit
from distillery.core.errors import StoreConflict
from distillery.core.ports import Clock, ProviderCondition, ProviderRecords, Telemetry
from distillery.core.records import ProviderRecord

logger = logging.getLogger(__name__)

_SAID = frozenset(map(str, ProviderCondition))
"""Reasons that are the provider's own word, which it may take back."""


@dataclass(frozen=True, slots=True)
class Circuits:
    """The circuits as they are recorded. A change that loses to another room's is not repeated."""

    records: ProviderRecords
    telemetry: Telemetry
    clock: Clock

    def failed(self, provider: str, reason: str, attempt: str = "") -> None:
        """Count a failure, of an attempt if it is known, which may be one too many."""
        self._change(provider, lambda circuit: circuit.failed(self.clock(), reason, attempt))

    def succeeded(self, provider: str) -> None:
        """Forget failures: they were not in a row."""
        self._change(provider, Circuit.succeeded)

    def heard(self, provider: str, condition: ProviderCondition) -> None:
        """Act on what the provider says of itself.

        Without GPUs it gets nothing from now on. Once it says that it is well again, it is tried
        out at once, if it was for what it said that it got nothing.
        """
        reason = str(condition)
        now = self.clock()
        if condition is ProviderCondition.READY:
            self._change(provider, lambda c: c.eased(now) if c.reason in _SAID else c)
        elif condition is ProviderCondition.DOWN:
            self.failed(provider, reason)  # a single silence may be the network's
        else:
            self._change(provider, lambda c: c.opened(now, reason))

    def begun(self, provider: str, attempt: str) -> None:
        """A worker of the provider has begun a probe: all is well, if it is the one out now."""
        self._change(provider, lambda circuit: circuit.begun(attempt))

    def claim_probe(self, provider: str, circuit: Circuit, attempt: str) -> bool:
        """Win the right to send the one job that tries out a half-open provider, or not."""
        try:
            after = circuit.probing(self.clock(), attempt)
            self.records.set_circuit(provider, circuit, after)
        except StoreConflict:
            return False
        return True

    def _change(self, provider: str, change: Callable[[Circuit], Circuit]) -> None:
        before = self.records.all().get(provider, ProviderRecord()).circuit
        after = change(before)
        if after == before:
            return
        try:
            self.records.set_circuit(provider, before, after)
        except StoreConflict:
            logger.info("another room has seen it as well")
            return
        if after.trips and not before.trips:
            logger.error("circuit of %s opened: %s", provider, after.reason)
            self.telemetry.count("CircuitsOpened", provider=provider)
        elif before.trips and not after.trips:
            logger.warning("circuit of %s closed", provider)
            self.telemetry.count("CircuitsClosed", provider=provider)
