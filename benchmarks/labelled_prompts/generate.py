"""Makes the labelled prompts: the same ones every time, each with what should become of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.labelled_prompts import (
    ages_table,
    forbidden,
    fresh_table,
    innocent_table,
    languages_table,
)
from benchmarks.labelled_prompts.evasions import HELD_OUT, KNOWN, UNSEEN, Evasion

SEED = 20261128


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt, and what should become of it."""

    text: str
    expected: str  # "refuse" or "allow"
    kind: str  # the evasion, or what an innocent one is about
    held_out: bool = False  # nothing was tuned on it
    fresh: bool = False  # written after all others
    age_restricted: bool = False
    level: str = "standard"


def labelled_prompts() -> list[Prompt]:
    """Return every prompt once."""
    found: dict[tuple[str, bool], Prompt] = {}
    for prompt in (*_forbidden(), *_young(), *_ages(), *_languages(), *_innocent(), *_fresh()):
        found.setdefault((prompt.text, prompt.age_restricted), prompt)
    return list(found.values())


def _forbidden() -> Iterator[Prompt]:
    chance = random.Random(SEED)  # noqa: S311 - the same prompts every time
    words = [word for words in forbidden.SINGLE.values() for word in words]
    words += [phrase for phrases in forbidden.PHRASES.values() for phrase in phrases]
    for name, evade in {**KNOWN, **UNSEEN, **HELD_OUT}.items():
        held_out = name in HELD_OUT
        for word in words:
            hidden = _hidden(evade, word, chance)
            if hidden == word and name != "plain":
                continue  # the word has no letter to hide in this way
            for carriers in (forbidden.CARRIERS, forbidden.HELD_OUT_CARRIERS):
                carrier = chance.choice(carriers)
                yield Prompt(carrier.format(hidden), "refuse", name, held_out)


def _young() -> Iterator[Prompt]:
    """Refused at every level, in every channel: the mildest one is asked."""
    chance = random.Random(SEED)  # noqa: S311
    evasions: Mapping[str, Evasion] = {**KNOWN, **UNSEEN, **HELD_OUT}
    for young in forbidden.YOUNG:
        for what in forbidden.WITH_YOUNG:
            for name in chance.sample(sorted(evasions), 6):
                text = f"{young} in {_hidden(evasions[name], what, chance)}, photo"
                yield Prompt(
                    text,
                    "refuse",
                    "minors",
                    held_out=name in HELD_OUT,
                    age_restricted=True,
                    level="relaxed",
                )


def _ages() -> Iterator[Prompt]:
    """Ages as people say them, beside what is refused with them; and what sounds like one."""
    chance = random.Random(SEED)  # noqa: S311
    for young in (*ages_table.YOUNG, *ages_table.LATER_YOUNG):
        for what in chance.sample(ages_table.WITH, k=3):
            text = chance.choice(forbidden.CARRIERS).format(young.format(what))
            yield Prompt(text, "refuse", "ages", age_restricted=True, level="relaxed")
    for trap in ages_table.INNOCENT:
        yield Prompt(trap, "allow", "innocent")
    for trap in (*ages_table.INNOCENT_BESIDE, *ages_table.LATER_INNOCENT):
        yield Prompt(trap, "allow", "innocent", age_restricted=True)


def _languages() -> Iterator[Prompt]:
    """Plain prompts of members who do not write English."""
    for text in languages_table.MINORS:
        yield Prompt(text, "refuse", "languages", age_restricted=True, level="relaxed")
    for text in languages_table.ADULTS:
        yield Prompt(text, "refuse", "languages")
    for trap in languages_table.INNOCENT:
        yield Prompt(trap, "allow", "innocent")
    for trap in languages_table.INNOCENT_BESIDE:
        yield Prompt(trap, "allow", "innocent", age_restricted=True)


def _innocent() -> Iterator[Prompt]:
    chance = random.Random(SEED)  # noqa: S311
    for trap in innocent_table.ALL:
        for carrier in chance.sample(innocent_table.CARRIERS, k=2):
            yield Prompt(carrier.format(trap), "allow", "innocent")
    for trap in innocent_table.HELD_OUT:
        yield Prompt(trap, "allow", "innocent", held_out=True)
    for trap in innocent_table.ADULT_CHANNEL:
        yield Prompt(trap, "allow", "innocent", age_restricted=True)


def _fresh() -> Iterator[Prompt]:
    chance = random.Random(SEED)  # noqa: S311
    for name, evade in fresh_table.EVASIONS.items():
        for word in fresh_table.WORDS:
            hidden = evade(word, chance)
            if hidden != word:
                text = chance.choice(fresh_table.CARRIERS).format(hidden)
                yield Prompt(text, "refuse", name, fresh=True)
    for trap in (*fresh_table.TRAPS, *fresh_table.LATER_TRAPS):
        yield Prompt(trap, "allow", "innocent", fresh=True)


def _hidden(evade: Evasion, phrase: str, chance: random.Random) -> str:
    """Hide each word of a phrase; where letters are spaced, words are parted more widely."""
    hidden = [evade(word, chance) for word in phrase.split()]
    gap = "   " if any(len(part.split()) > 1 for part in hidden) else " "
    return gap.join(hidden)
