"""A second opinion on pictures, before anybody sees them and before they are paid for."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from distillery.core import keys
from distillery.core.errors import NoOpinion
from distillery.core.job import Job, Outcome, Picture
from distillery.core.moderation.picture_actions import WITHHELD, PictureAction, PictureActions
from distillery.core.moderation.ports import Finding, Moderation, PictureOpinion
from distillery.core.moderation.records import Decision, fingerprint
from distillery.core.ports import Clock, Telemetry
from distillery.core.rules.rule import Level

logger = logging.getLogger(__name__)

UNFIT = (
    "A check found what was made unfit for this channel. Nothing was charged for it. Ask for "
    "something else, or in other words."
)
ASKED = "picture-check"
"""How its decisions name what they rest on, where others name a rule and a version of the rules."""
UNJUDGED = Finding("unjudged", 0.0)


@dataclass(frozen=True, slots=True)
class ReviewPictures:
    """Asks somebody else about the pictures of an outcome."""

    opinion: PictureOpinion
    moderation: Moderation
    telemetry: Telemetry
    clock: Clock
    score: float  # findings that are less sure count for nothing
    actions: PictureActions = PictureActions()  # noqa: RUF009 - frozen
    guild_level: Level = Level.STANDARD  # where moderators have not chosen one
    message_level: Level = Level.STRICT  # in direct messages

    def __call__(self, job: Job, outcome: Outcome) -> Outcome:
        """Return the outcome with what may be shown of it; if that is nothing, with words."""
        if job.is_canary or not outcome.succeeded:
            return outcome
        findings = list(self._findings(job, outcome.pictures))
        actions = self._actions(job, findings)
        self._record(job, findings, actions)
        kept = tuple(
            replace(picture, spoiler=action is PictureAction.SPOILER)
            for picture, action in zip(outcome.pictures, actions, strict=True)
            if action in (PictureAction.SHOW, PictureAction.SPOILER)
        )
        if not kept or PictureAction.REFUSE in actions:
            return replace(outcome, pictures=(), error=UNFIT, error_kind=WITHHELD)
        return replace(outcome, pictures=kept, withheld=len(outcome.pictures) - len(kept))

    def _findings(self, job: Job, pictures: Sequence[Picture]) -> Iterator[Finding | None]:
        """Yield the worst of each picture, None where it is fit. Who is silent once is left be."""
        silent = False
        for picture in pictures:
            if silent or not self.opinion.takes(picture.content_type, picture.size):
                yield UNJUDGED
                continue
            try:
                found = self.opinion.of_picture(
                    keys.output_key(job.job_id, job.attempt, picture.name)
                )
            except NoOpinion as problem:
                logger.warning("no opinion on a picture: %s", problem)
                self.telemetry.count("OpinionsMissed", about="pictures")
                silent = True
                yield UNJUDGED
            else:
                sure = [finding for finding in found if finding.score >= self.score]
                yield max(sure, key=lambda finding: finding.score, default=None)

    def _actions(self, job: Job, findings: Sequence[Finding | None]) -> Sequence[PictureAction]:
        unfit = PictureAction.SHOW
        if any(finding not in (None, UNJUDGED) for finding in findings):
            unfit = self._of_unfit(job)
        by_kind = {None: PictureAction.SHOW, UNJUDGED: self.actions.unjudged}
        return [by_kind.get(finding, unfit) for finding in findings]

    def _of_unfit(self, job: Job) -> PictureAction:
        origin, level = job.origin, self.message_level
        if origin.guild_id is not None:
            look = self.moderation.look(origin.guild_id, origin.user_id)
            level = look.policy.level or self.guild_level
        in_guild = origin.guild_id is not None
        return self.actions.of_unfit(level, age_restricted=in_guild and origin.age_restricted)

    def _record(
        self, job: Job, findings: Sequence[Finding | None], actions: Sequence[PictureAction]
    ) -> None:
        """Keep the sternest decision; the same result may be looked at twice, and counts once."""
        decided = [
            (list(PictureAction).index(action), finding, action)
            for finding, action in zip(findings, actions, strict=True)
            if finding is not None and (finding, action) != (UNJUDGED, PictureAction.SHOW)
        ]
        if not decided:
            return
        _, finding, action = max(decided, key=lambda one: (one[0], one[1].score))
        rule_id = f"{ASKED}:{finding.label[:60]}"
        self.telemetry.count("ContentDecisions", action=action, rule=rule_id)
        self.moderation.record(
            Decision(
                decision_id=f"{job.job_id}.pictures",
                at=self.clock(),
                user_id=job.origin.user_id,
                guild_id=job.origin.guild_id,
                action=action,
                rule_id=rule_id,
                rules_version=ASKED,
                text_hash=fingerprint(self.moderation.hash_key(), _words(job)),
            )
        )


def _words(job: Job) -> str:
    return str(job.request.values.get("prompt", ""))
