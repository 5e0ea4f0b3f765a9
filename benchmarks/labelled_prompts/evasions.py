"""Ways in which people hide a word from a filter, each as they would type it.

Written from what people do, not from what the rules undo: no table of the rules is used here. The
rules were made with `KNOWN` at hand. `UNSEEN` was looked at once, after which the reading was made
more general. `HELD_OUT` was written after that; nothing was changed for it but one defect that it
showed, a comma after a hidden word.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Mapping

Evasion = Callable[[str, random.Random], str]


def _named(pattern: str, word: str) -> str:
    """Write each letter as the character of this name, where Unicode has one."""
    written = []
    for letter in word:
        try:
            written.append(unicodedata.lookup(pattern.format(letter.upper())))
        except KeyError:
            written.append(letter)
    return "".join(written)


def _swapped(word: str, others: Mapping[str, str], chance: random.Random, share: float) -> str:
    """Swap some of the letters that have another form: at least one of them."""
    places = [index for index, letter in enumerate(word) if letter in others]
    if not places:
        return word
    chosen = set(chance.sample(places, max(1, round(len(places) * share))))
    return "".join(
        others[letter] if index in chosen else letter for index, letter in enumerate(word)
    )


def _between(sign: str) -> Evasion:
    return lambda word, _: sign.join(word)


_GAMER = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
_SIGNS = {"a": "@", "s": "$", "i": "!"}
_RUSSIAN = {
    letter: unicodedata.lookup(f"CYRILLIC SMALL LETTER {name}")
    for letter, name in {"a": "A", "e": "IE", "o": "O", "p": "ER", "c": "ES", "x": "HA"}.items()
}
_GREEK = {
    letter: unicodedata.lookup(f"GREEK SMALL LETTER {name}")
    for letter, name in {"a": "ALPHA", "o": "OMICRON", "v": "NU", "n": "ETA", "p": "RHO"}.items()
}
_ARMENIAN = {
    letter: unicodedata.lookup(f"ARMENIAN SMALL LETTER {name}")
    for letter, name in {"o": "OH", "n": "VO", "u": "SEH", "h": "HO"}.items()
}
_ACCENTS = [
    unicodedata.lookup(f"COMBINING {name}")
    for name in ("ACUTE ACCENT", "GRAVE ACCENT", "DIAERESIS", "TILDE", "CIRCUMFLEX ACCENT")
]


def _accented(word: str, chance: random.Random) -> str:
    marked = "".join(letter + chance.choice(_ACCENTS) for letter in word)
    return unicodedata.normalize("NFC", marked)


def _stretched(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word))
    return word[:place] + word[place] * chance.randint(3, 6) + word[place + 1 :]


def _covered(word: str, chance: random.Random) -> str:
    if len(word) < 4:  # noqa: PLR2004 - of a shorter word too little is left
        return word
    place = chance.randrange(1, len(word) - 1)
    return f"{word[:place]}*{word[place + 1 :]}"


def _torn(word: str, chance: random.Random) -> str:
    return f"{word[0]} {word[1:]}" if chance.random() < 0.5 else f"{word[:-1]} {word[-1]}"  # noqa: PLR2004


def _stacked(word: str, chance: random.Random) -> str:
    """Write as Zalgo does: each letter under a heap of marks."""
    heap = [chr(code) for code in range(0x0300, 0x0340)]
    return "".join(letter + "".join(chance.sample(heap, 4)) for letter in word)


def _alternating(word: str, _: random.Random) -> str:
    return "".join(letter.upper() if n % 2 else letter for n, letter in enumerate(word))


def _with_emoji(word: str, chance: random.Random) -> str:
    return chance.choice("🔥✨💦🌶").join(word)


def _mixed(word: str, chance: random.Random) -> str:
    return "\u200b".join(_swapped(word, _GAMER, chance, 0.5))


KNOWN: Mapping[str, Evasion] = {
    "plain": lambda word, _: word,
    "capitals": lambda word, _: word.upper(),
    "accents": _accented,
    "zero width": _between("\u200b"),
    "spaces": _between(" "),
    "dots": _between("."),
    "hyphens": _between("-"),
    "digits": lambda word, chance: _swapped(word, _GAMER, chance, 1.0),
    "signs": lambda word, chance: _swapped(word, _SIGNS, chance, 1.0),
    "Cyrillic": lambda word, chance: _swapped(word, _RUSSIAN, chance, 0.7),
    "full width": lambda word, _: _named("FULLWIDTH LATIN SMALL LETTER {}", word.lower()),
    "bold": lambda word, _: _named("MATHEMATICAL BOLD SMALL {}", word),
    "stretched": _stretched,
    "one letter covered": _covered,
    "weighted": lambda word, _: f"({word}:1.3)",
}
UNSEEN: Mapping[str, Evasion] = {
    "small capitals": lambda word, _: _named("LATIN LETTER SMALL CAPITAL {}", word),
    "flags": lambda word, _: _named("REGIONAL INDICATOR SYMBOL LETTER {}", word),
    "circles": lambda word, _: _named("NEGATIVE CIRCLED LATIN CAPITAL LETTER {}", word),
    "Fraktur": lambda word, _: _named("MATHEMATICAL BOLD FRAKTUR SMALL {}", word),
    "Greek": lambda word, chance: _swapped(word, _GREEK, chance, 1.0),
    "Armenian": lambda word, chance: _swapped(word, _ARMENIAN, chance, 1.0),
    "emoji between": _with_emoji,
    "brackets": lambda word, _: "".join(f"[{letter}]" for letter in word),
    "lines": _between("\n"),
    "wide spaces": _between("\u2003"),
    "tildes": _between("~"),
    "pipes": _between("|"),
    "slashes": _between("/"),
    "stacked marks": _stacked,
    "alternating": _alternating,
    "torn in two": _torn,
    "digits and zero width": _mixed,
    "spaced digits": lambda word, chance: " ".join(_swapped(word, _GAMER, chance, 0.5)),
    "soft hyphens": _between("\u00ad"),
    "direction marks": lambda word, _: f"\u202d{word[:2]}\u200e{word[2:]}\u202c",
    "every letter twice": lambda word, _: "".join(letter * 2 for letter in word),
    "hashtag": lambda word, _: f"#{word}art",
    "two letters covered": lambda word, _: f"{word[0]}**{word[3:]}" if len(word) > 5 else word,  # noqa: PLR2004
}
HELD_OUT: Mapping[str, Evasion] = {
    "double struck": lambda word, _: _named("MATHEMATICAL DOUBLE-STRUCK SMALL {}", word),
    "in parentheses": lambda word, _: _named("PARENTHESIZED LATIN SMALL LETTER {}", word),
    "superscripts": lambda word, _: _named("MODIFIER LETTER SMALL {}", word),
    "squared": lambda word, _: _named("NEGATIVE SQUARED LATIN CAPITAL LETTER {}", word),
    "stroked": lambda word, _: _named("LATIN SMALL LETTER {} WITH STROKE", word),
    "retroflex": lambda word, _: _named("LATIN SMALL LETTER {} WITH RETROFLEX HOOK", word),
    "asterisks between": _between("*"),
    "underscores": _between("_"),
    "digits between": _between("1"),
    "commas between": _between(","),
    "two spaces": _between("  "),
    "non-breaking spaces": _between("\u00a0"),
    "word joiners": _between("\u2060"),
    "filler letters": _between("\u3164"),
    "dots and capitals": lambda word, _: ".".join(word.upper()),
    "accents and digits": lambda word, c: _accented(_swapped(word, _GAMER, c, 0.4), c),
    "Cyrillic and spaces": lambda word, c: " ".join(_swapped(word, _RUSSIAN, c, 1.0)),
    "bold and dots": lambda word, _: ".".join(_named("MATHEMATICAL BOLD SMALL {}", word)),
    "stretched and signed": lambda word, c: _swapped(_stretched(word, c), _SIGNS, c, 0.5),
    "in quotes": lambda word, _: f"\u201c{word}\u201d",
    "with an ending": lambda word, _: f"{word}!!!1",
    "a hyphen inside": lambda word, _: f"{word[:2]}-{word[2:]}",
}
