"""Use case: may this member ask for this, here and now? Asked before anything is written."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from distillery.core.errors import AlreadyDecided, NotServed, StoreConflict
from distillery.core.job import Origin
from distillery.core.moderation.cleared import Cleared
from distillery.core.moderation.penalties import BLOCK, GRAY_LIST, PAUSE, Penalties
from distillery.core.moderation.ports import Moderation
from distillery.core.moderation.records import Decision, Look, Standing, fingerprint
from distillery.core.order import Order
from distillery.core.ports import Clock, Telemetry
from distillery.core.rules.judge import Setting, Verdict, judge
from distillery.core.rules.rule import Level
from distillery.core.rules.rule_book import RuleBook

logger = logging.getLogger(__name__)

_TRIES = 5
CLOSED = "Moderators of this server have closed this channel to requests. Ask in another one."
BANNED = "Moderators of this server do not take requests of yours."
BANNED_UNTIL = "Moderators of this server do not take requests of yours until {until}."
HELD_OFF = {
    PAUSE: "Too many of your requests broke the rules. You can ask again {until}.",
    BLOCK: "Your requests broke the rules so often that none is taken until {until}.",
}
NEXT = {
    PAUSE: "Too many of your requests broke the rules: you can ask again {until}.",
    GRAY_LIST: (
        "Too many of your requests broke the rules: until {until} the strictest rules hold for "
        "you, and one request at a time."
    ),
    BLOCK: HELD_OFF[BLOCK],
}


@dataclass(frozen=True, slots=True)
class CheckContent:
    """Implements `ContentCheck` with rules, what moderators have settled, and what went before."""

    book: RuleBook
    moderation: Moderation
    telemetry: Telemetry
    clock: Clock
    penalties: Penalties = field(default_factory=Penalties)
    guild_level: Level = Level.STANDARD  # where moderators have not chosen one
    message_level: Level = Level.STRICT  # in direct messages
    keep_text: bool = False  # whether decisions hold the text itself

    def __call__(self, order: Order, texts: Mapping[str, str]) -> Cleared:
        """Clear an order; raises NotServed."""
        origin = order.origin
        look = self.moderation.look(origin.guild_id, origin.user_id)
        if against := self._against(origin, look):
            raise against
        verdict = judge(self.book, texts, self._setting(order, look))
        if verdict.action is not None:
            decision = self._decision(order, texts, verdict)
            self.telemetry.count("ContentDecisions", action=verdict.action, rule=verdict.rule_id)
            logger.info("a rule of content applies", extra={"rule": verdict.rule_id})
            if verdict.is_refused:
                told = self._refuse(decision, look.standing)
                raise NotServed.of([NotServed(verdict.message), *told])
            self.moderation.record(decision)
        return Cleared(verdict.texts, self._jobs_at_once(look))

    def of_member(self, origin: Origin) -> Cleared:
        """Say on what terms a member may ask in a place, whatever they ask for."""
        look = self.moderation.look(origin.guild_id, origin.user_id)
        notice = self._against(origin, look)
        if notice is None and self._is_gray_listed(look.standing):
            notice = NotServed(NEXT[GRAY_LIST], until=_time(look.standing.until))
        return Cleared(jobs_at_once=self._jobs_at_once(look), notice=notice)

    def _against(self, origin: Origin, look: Look) -> NotServed | None:
        """Return why nothing is taken of this member in this place, if so it is."""
        now = self.clock()
        places = {origin.channel_id, origin.parent_channel_id}
        if not places.isdisjoint(look.policy.closed_channels):
            return NotServed(CLOSED)
        if look.terms.is_banned(now):
            if look.terms.banned_until is None:
                return NotServed(BANNED)
            return NotServed(BANNED_UNTIL, until=_time(look.terms.banned_until))
        if look.standing.penalty in HELD_OFF and now < look.standing.until:
            text = HELD_OFF[look.standing.penalty]
            return NotServed(text, until=_time(look.standing.until))
        return None

    def _setting(self, order: Order, look: Look) -> Setting:
        in_guild = order.origin.guild_id is not None
        level = (look.policy.level or self.guild_level) if in_guild else self.message_level
        if self._is_gray_listed(look.standing):
            level = Level.STRICT
        return Setting(level, in_guild and order.origin.age_restricted, look.policy.words)

    def _is_gray_listed(self, standing: Standing) -> bool:
        return standing.penalty == GRAY_LIST and self.clock() < standing.until

    def _jobs_at_once(self, look: Look) -> int | None:
        limits = [look.terms.jobs_at_once or look.policy.jobs_at_once]
        if self._is_gray_listed(look.standing):
            limits.append(1)
        return min((limit for limit in limits if limit is not None), default=None)

    def _refuse(self, decision: Decision, standing: Standing) -> Sequence[NotServed]:
        """Record a refusal, and return what follows from it: nothing, or one more line."""
        before = standing
        for _ in range(_TRIES):
            after = self.penalties.after_refusal(before, self.clock())
            try:
                self.moderation.refuse(decision, before, after)
            except AlreadyDecided:
                return ()  # another delivery of this interaction has counted it
            except StoreConflict:
                before = self.moderation.look(decision.guild_id, decision.user_id).standing
            else:
                if after.penalty not in NEXT or after.until <= self.clock():
                    return ()
                return (NotServed(NEXT[after.penalty], until=_time(after.until)),)
        logger.warning("a refusal could not be counted: others were first every time")
        return ()

    def _decision(self, order: Order, texts: Mapping[str, str], verdict: Verdict) -> Decision:
        text = "\n".join(texts.values())
        return Decision(
            decision_id=order.job_id,
            at=self.clock(),
            user_id=order.origin.user_id,
            guild_id=order.origin.guild_id,
            action=str(verdict.action),
            rule_id=verdict.rule_id,
            rules_version=self.book.rules.version,
            text_hash=fingerprint(self.moderation.hash_key(), text),
            text=text if self.keep_text else None,
        )


def _time(at: float) -> str:
    """Return a moment as Discord shows it to each reader in their own time and language."""
    return f"<t:{int(at)}:f>"
