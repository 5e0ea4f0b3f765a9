"""What Distillery itself says, in the languages of its members.

`texts/<locale>.toml` maps each English text to its translation, so that a text is written where it
is used and reads there. What a file lacks is said in English.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from distillery.core.locales import DEFAULT, FALLBACKS, Localized, version
from distillery.discord.interaction import SERVE

_TEXTS = Path(__file__).parent / "texts"


@cache
def languages() -> tuple[str, ...]:
    """Return the locales there are translations for."""
    return tuple(sorted(file.stem for file in _TEXTS.glob("*.toml")))


@cache
def catalogue(locale: str) -> Mapping[str, str]:
    """Read a locale's translations, once and only when a member needs them."""
    if locale not in languages():
        fallback = FALLBACKS.get(locale)
        return catalogue(fallback) if fallback in languages() else {}
    texts: dict[str, str] = tomllib.loads((_TEXTS / f"{locale}.toml").read_text("utf-8"))
    return texts


def in_every_language(text: str) -> Localized:
    """Return the translations of a text by locale."""
    return {
        locale: translated
        for locale in languages()
        if (translated := catalogue(locale).get(text)) is not None
    }


@dataclass(frozen=True, slots=True)
class Words:
    """Says things to one member. `ask_with` is the command with which they ask for pictures."""

    locale: str = DEFAULT
    ask_with: str = SERVE

    def __call__(self, text: str, /, **values: object) -> str:
        """Return the English `text` in the member's language, with `values` in its braces.

        Without values, braces are what they are.
        """
        said = catalogue(self.locale).get(text, text)
        if self.ask_with != SERVE:
            said = said.replace(f"`/{SERVE}", f"`/{self.ask_with}")
        return said.format(**values) if values else said

    def own(self, text: str, versions: Localized) -> str:
        """Return what a manifest says, in its own translation or else in ours."""
        said = version(text, versions, self.locale)
        return self(text) if said == text else said
