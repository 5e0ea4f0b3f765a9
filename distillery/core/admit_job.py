"""Use case: a new job is made ready, and gets its place in the line.

Whatever can fail because of the job itself fails here, under the job's own message: nobody enters
the line who could hold up those behind.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from distillery.core import keys
from distillery.core.deliver_result import DeliverResult
from distillery.core.errors import MemberAtLimit, NotChecked, StaleJob, UserError
from distillery.core.fair_order import start_tag
from distillery.core.job import Job
from distillery.core.ports import Attachments, Clock, JobStore, ObjectStore, ProviderRecords
from distillery.core.recipes.recipe import Attachment, Recipe, fill_graph

logger = logging.getLogger(__name__)

NOT_KEPT = "A file of that request is not kept any more. Send it anew, and attach the file."
UNINSTALLED = "The workflow `{name}` is no longer installed. Choose another one."


@dataclass(frozen=True, slots=True)
class AdmitJob:
    """Puts QUEUED jobs into the line, or holds them back while their member is at the limit."""

    recipes: Mapping[str, Recipe]
    store: JobStore
    records: ProviderRecords
    objects: ObjectStore
    attachments: Attachments
    deliver: DeliverResult
    clock: Clock
    review: Callable[[Job, Recipe], None] | None = None  # a second opinion on the words

    def __call__(self, job: Job) -> Job | None:
        """Return the job as it stands in the line, or None when it does not."""
        if job.start_tag is not None:
            return job
        try:
            if not job.is_held:
                self._make_ready(job)
            return self._enter(job)
        except UserError as error:
            kind = "unchecked" if isinstance(error, NotChecked) else "bad_input"
            [(text, values), *more] = error.parts
            if more:  # several at once: in English
                text, values = str(error), {}
            self.deliver.fail(job, text, kind=kind, **{k: str(v) for k, v in values.items()})
        except StaleJob:
            logger.info("somebody else has moved the job on")
        return None

    def _make_ready(self, job: Job) -> None:
        """Copy the member's files to our store, and see that the recipe takes the request."""
        recipe = self.recipes.get(job.request.workflow)
        if recipe is None:
            raise UserError(UNINSTALLED, name=job.request.workflow)
        fill_graph(recipe, job.request.given)
        if self.review is not None:
            self.review(job, recipe)
        for option, attachment in job.request.attachments.items():
            data = self._fetch(attachment)
            key = keys.input_key(job.job_id, option)
            self.objects.put(key, data, attachment.content_type)

    def _fetch(self, attachment: Attachment) -> bytes:
        if attachment.key is None:
            return self.attachments.fetch(attachment.url, attachment.size)
        try:
            return self.objects.read(attachment.key)
        except FileNotFoundError:
            raise UserError(NOT_KEPT) from None

    def _enter(self, job: Job) -> Job | None:
        try:
            return self._admit(job)
        except MemberAtLimit:
            if job.is_held:
                return None
        held = job.held(self.clock())
        self.store.move(job, held)
        # A job of theirs may have ended just before this one could be seen to wait for that.
        try:
            return self._admit(held)
        except MemberAtLimit:
            return None

    def _admit(self, job: Job) -> Job:
        account = self.store.account(job.origin.user_id)
        if len(account.in_flight - {job.job_id}) >= job.tier.jobs_at_once:
            raise MemberAtLimit(job.origin.user_id)  # the write would say so too, and costs more
        virtual_time = max((r.virtual_time for r in self.records.all().values()), default=0.0)
        admitted = job.admitted(start_tag(virtual_time, account.finish_tag), self.clock())
        self.store.move(job, admitted)
        return admitted
