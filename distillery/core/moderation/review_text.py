"""A second opinion on a job's words, before any GPU sees them. The member waits already."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from distillery.core.errors import NoOpinion, NotChecked, NotServed
from distillery.core.job import Job
from distillery.core.moderation.ports import Finding, Moderation, TextOpinion
from distillery.core.moderation.records import Decision, fingerprint
from distillery.core.ports import Clock, Telemetry
from distillery.core.recipes.recipe import Recipe
from distillery.core.rules.rule import Action

logger = logging.getLogger(__name__)

UNWANTED = "A second check found these words unfit to be drawn. Nothing was charged. Change them."
UNCHECKED = "The words could not be checked just now. Nothing was charged. Try again in a minute."
ASKED = "second-opinion"
"""How its decisions name what they rest on, where others name a rule and a version of the rules."""


@dataclass(frozen=True, slots=True)
class ReviewText:
    """Asks somebody else about a job's words. `fails_open`: without an opinion the job goes on."""

    opinion: TextOpinion
    moderation: Moderation
    telemetry: Telemetry
    clock: Clock
    score: float  # findings that are less sure count for nothing
    fails_open: bool = False
    keep_text: bool = False  # whether decisions hold the text itself

    def __call__(self, job: Job, recipe: Recipe) -> None:
        """Let a job of a recipe pass; raises NotServed or NotChecked for the member to read."""
        text = "\n".join(_written(job, recipe))
        if job.is_canary or not text.strip():
            return
        try:
            findings = self.opinion.of_text(text)
        except NoOpinion as problem:
            logger.warning("no second opinion: %s", problem)
            self.telemetry.count("OpinionsMissed", about="text")
            if not self.fails_open:
                raise NotChecked(UNCHECKED) from problem
            return
        sure = [finding for finding in findings if finding.score >= self.score]
        if sure:
            self._record(job, text, max(sure, key=lambda finding: finding.score))
            raise NotServed(UNWANTED)

    def _record(self, job: Job, text: str, worst: Finding) -> None:
        rule_id = f"{ASKED}:{worst.label[:60]}"
        self.telemetry.count("ContentDecisions", action=Action.REFUSE, rule=rule_id)
        self.moderation.record(
            Decision(
                decision_id=f"{job.lead_id}.words",  # the parts of a request have the same
                at=self.clock(),
                user_id=job.origin.user_id,
                guild_id=job.origin.guild_id,
                action=Action.REFUSE,
                rule_id=rule_id,
                rules_version=ASKED,
                text_hash=fingerprint(self.moderation.hash_key(), text),
                text=text if self.keep_text else None,
            )
        )


def _written(job: Job, recipe: Recipe) -> Iterator[str]:
    """Yield the member's own words: neither what a recipe offers nor what it fills in."""
    for option in recipe.options:
        value = job.request.values.get(option.name)
        if isinstance(value, str) and not option.choices and value != option.default:
            yield value
    yield from (file.filename for file in job.request.attachments.values())
