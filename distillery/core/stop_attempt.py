"""Calls off what a worker does, or was about to do, for an attempt whose result nobody awaits."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from distillery.core import keys
from distillery.core.errors import ProviderError
from distillery.core.job import Job
from distillery.core.ports import GpuProvider, ObjectStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StopAttempt:
    """Leaves word where the worker looks before and while it works, and tells the provider."""

    objects: ObjectStore
    providers: Mapping[str, GpuProvider]

    def __call__(self, job: Job) -> None:
        """Stop the job's current attempt. Safe to call any number of times."""
        if job.provider is None:
            return
        # It works for every provider, and for an attempt whose id at the provider nobody knows.
        self.objects.put(keys.cancel_key(job.job_id, job.attempt), b"{}", "application/json")
        provider = self.providers.get(job.provider)  # the operator may have taken it away
        if provider is None or job.provider_job_id is None:
            return
        try:
            provider.cancel(job.provider_job_id)
        except ProviderError as error:
            logger.warning("could not cancel at the provider: %s", error)
