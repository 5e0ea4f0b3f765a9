"""Letters of other scripts, and signs, that look like Latin letters.

Facts from Unicode's list of confusable characters (UTS #39), as far as a reader of a prompt would
take one for the other. Latin letters in any form (accented, turned, circled, small capitals) are no
part of it: Unicode's own names say which letter they are.
"""

from __future__ import annotations

_LOOKS_LIKE = {
    "a": "аαɑ∂ａⲁᎪ",
    "b": "вьЬβƅᏏᖯ",
    "c": "сϲᴄⅽⲥᏟ¢©",
    "d": "ԁⅾᏧᎠժðд",
    "e": "еєҽεξ℮ɛᎬ€ёэ",
    "f": "ƒϝẝғ",
    "g": "ԍɡցᏀ",
    "h": "һнհᏂᎻ",
    "i": "іιıїɩᎥ¡",
    "j": "јϳյᎫ",
    "k": "кκᏦⲕқ",
    "l": "ӏⅼᏞլ",
    "m": "мⅿᎷϻ",
    "n": "пոռиᴎŋη",
    "o": "оοσօⲟᎾ°ө",
    "p": "рρϱⲣᏢ",
    "q": "ԛզգ",
    "r": "гᴦⲅᏒʀ®я",
    "s": "ѕꜱᏚտ§",
    "t": "тτᎢ†",
    "u": "υսᴜцμ",
    "v": "νѵᴠⅴ",
    "w": "ԝωѡաᏔшщ",
    "x": "хχⅹ×ҳ",
    "y": "уүγұყᎽ¥",
    "z": "ᴢᏃʐ",
}

LATIN = {character: letter for letter, alike in _LOOKS_LIKE.items() for character in alike}
"""The Latin letter that each of these characters looks like."""

DIGITS_AND_SIGNS = {
    "0": "o",
    "1": "i",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "8": "b",
    "9": "g",
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "i",
    "+": "t",
    "£": "l",
    "^": "a",
}
"""What a digit or a sign stands for inside a word that has letters too."""

ALSO_L = frozenset("1|!")
"""Those of them that may as well stand for an l."""
