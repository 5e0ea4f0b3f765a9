"""Decides on all texts of one request together: allowed, allowed in other words, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from distillery.core.rules.rule import Action, Hit, Level, Rule, Rules
from distillery.core.rules.rule_book import RuleBook

GUILD_RULE = "server-words"
_GUILD_MESSAGE = (
    "The moderators of this server do not want some of these words here. Say it in other words."
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a request is made, as far as it matters for its content."""

    level: Level = Level.STRICT
    age_restricted: bool = False
    words: frozenset[str] = frozenset()  # that this guild does not want besides


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request. `rule_id` is empty when no rule did anything."""

    action: Action | None = None  # None: allowed as it is
    rule_id: str = ""
    message: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)  # those that were replaced, by name

    @property
    def is_refused(self) -> bool:
        """True when nothing may be made of it."""
        return self.action in (Action.REFUSE, Action.AGE_RESTRICTED)


def judge(book: RuleBook, texts: Mapping[str, str], setting: Setting) -> Verdict:
    """Judge texts by name. The sternest rule that applies decides; the first of the equal ones."""
    hits = {name: _hits(book, text, setting.words) for name, text in texts.items()}
    everything = [hit for each in hits.values() for hit in each]
    categories = {hit.rule.category for hit in everything}
    found = {hit.rule.id: hit.rule for hit in everything if not hit.excused}
    for combination in book.rules.combinations:
        if categories & combination.categories and categories & combination.others:
            return Verdict(Action.REFUSE, combination.id, combination.message)
    rules = [rule for rule in found.values() if rule.level <= setting.level]
    for rule in _stern_first(book, rules):
        if rule.action is Action.REFUSE:
            return Verdict(rule.action, rule.id, rule.message)
        if rule.action is Action.AGE_RESTRICTED and not setting.age_restricted:
            return Verdict(rule.action, rule.id, rule.message)
        if rule.action is Action.REPLACE:
            replaced = {name: _replaced(texts[name], each, rules) for name, each in hits.items()}
            changed = {name: text for name, text in replaced.items() if text != texts[name]}
            return Verdict(Action.REPLACE, rule.id, "", changed)
    return Verdict()


def _stern_first(book: RuleBook, rules: Iterable[Rule]) -> list[Rule]:
    actions = list(Action)
    order = {rule.id: number for number, rule in enumerate(book.rules.rules)}
    return sorted(rules, key=lambda rule: (actions.index(rule.action), order.get(rule.id, -1)))


def _hits(book: RuleBook, text: str, guild_words: frozenset[str]) -> Sequence[Hit]:
    hits = list(book.find(text))
    if guild_words:
        hits += _guild_book(guild_words).find(text)
    return hits


@lru_cache(maxsize=64)
def _guild_book(words: frozenset[str]) -> RuleBook:
    """Lay out the words of a guild; those that a moderator wrote with a space are phrases."""
    rule = Rule(
        GUILD_RULE,
        category=GUILD_RULE,
        action=Action.REFUSE,
        message=_GUILD_MESSAGE,
        words=sorted(word for word in words if " " not in word),
        phrases=sorted(word for word in words if " " in word),
    )
    return RuleBook(Rules(version="", rules=[rule]))


def _replaced(text: str, hits: Sequence[Hit], rules: Sequence[Rule]) -> str:
    """Put other words where rules that replace have found something, the last one first."""
    applying = [hit for hit in hits if hit.rule.action is Action.REPLACE and hit.rule in rules]
    end = len(text) + 1
    for hit in sorted(applying, key=lambda hit: (hit.end, -hit.start), reverse=True):
        if hit.end <= end:
            text = text[: hit.start] + hit.rule.replacement + text[hit.end :]
            end = hit.start
    return text
