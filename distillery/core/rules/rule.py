"""What a rule of content is: which words it looks for, where it applies, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Level(IntEnum):
    """How strict a guild is. A rule applies from its level on."""

    RELAXED = 1
    STANDARD = 2
    STRICT = 3

    @classmethod
    def named(cls, name: str) -> Level:
        """Return the level of a name in lower case; raises ValueError that lists them."""
        for level in cls:
            if level.name.lower() == name:
                return level
        raise ValueError(f"it must be {', '.join(level.name.lower() for level in cls)}")


class Action(StrEnum):
    """What a rule does with a text it is about."""

    REFUSE = "refuse"
    AGE_RESTRICTED = "age-restricted"  # refuse, unless the channel is age-restricted
    REPLACE = "replace"  # put other words in the place of its own
    MARK = "mark"  # nothing by itself: combinations look at its category


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Words and phrases are plain: a reading undoes what hides them."""

    id: str
    category: str
    action: Action
    level: Level = Level.RELAXED  # applies at this level and at stricter ones
    message: str = ""  # what to change, for the member; never says which word it was
    replacement: str = ""
    words: Sequence[str] = ()  # whole words; `word*` also all that begin so
    anywhere: Sequence[str] = ()  # also in the middle of a longer word
    phrases: Sequence[str] = ()  # words in a row
    patterns: Sequence[str] = ()  # regular expressions of a form that cannot run away


@dataclass(frozen=True, slots=True)
class Combination:
    """Refuses, everywhere and at every level, what is of one category and of another as well."""

    id: str
    categories: frozenset[str]
    others: frozenset[str]
    message: str


@dataclass(frozen=True, slots=True)
class Excuse:
    """Words that mean no harm where one of others is near by; combinations hold all the same."""

    words: frozenset[str]
    beside: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a deployment. `version` names exactly these."""

    version: str
    rules: Sequence[Rule] = ()
    combinations: Sequence[Combination] = ()
    allowed_words: Sequence[str] = ()  # never found by any rule
    allowed_phrases: Sequence[str] = ()
    excuses: Sequence[Excuse] = ()
    tails: Sequence[str] = ()  # words that others are written together with: `#nudeart`


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule has found something in a text, from `start` to `end`."""

    rule: Rule
    start: int
    end: int
    excused: bool = False  # by what stands beside it: only combinations look at it
