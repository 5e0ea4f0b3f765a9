"""Brings each character to the plain letter that a reader sees in it.

What does not change what is seen (accents, zero width, direction marks, variation selectors) goes.
"""

from __future__ import annotations

import re
import unicodedata

from distillery.core.rules.confusables_table import LATIN

_LATIN_NAME = re.compile(
    r"(?:LATIN|MODIFIER LETTER|TAG LATIN|REGIONAL INDICATOR SYMBOL|SQUARED|NEGATIVE|CIRCLED|"
    r"PARENTHESIZED|FULLWIDTH|MATHEMATICAL)\b.*?"
    r"(?:LETTER|CAPITAL|SMALL|TURNED|REVERSED|INVERTED|DOTLESS|OPEN|CLOSED|SCRIPT|LONG|STRETCHED) "
    r"([A-Z])(?: WITH .*| ROTUNDA)?"
)
"""How Unicode names a letter that is one of A to Z in another form."""
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
"""Letters and signs that show nothing at all."""
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc", "Cs", "Co", "Cn", "Lm"})


class _Table(dict[int, str]):
    """Maps characters as `str.translate` asks for them, and works each out once."""

    def __missing__(self, code: int) -> str:
        folded = _folded(chr(code))
        self[code] = folded
        return folded


_TABLE = _Table()


def fold(text: str) -> str:
    """Return the plain letters of a piece of text that holds no white space."""
    if text.isascii() and text.isprintable():
        return text.lower()
    return text.translate(_TABLE)


def _folded(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isprintable() else ""
    if character in _BLANKS:
        return ""
    if character in LATIN:
        return LATIN[character]
    named = _LATIN_NAME.fullmatch(unicodedata.name(character, ""))
    if named:
        return named[1].lower()
    plain = unicodedata.normalize("NFKD", character).casefold()
    return "".join(LATIN.get(part, part) for part in plain if _is_seen(part))


def _is_seen(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character) not in _UNSEEN
