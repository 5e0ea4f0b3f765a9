"""The languages that Discord knows, and which of several versions of a text a member reads.

Source: Discord, "Locales", and "Locale fallbacks" under "Application Commands".
"""

from __future__ import annotations

from collections.abc import Mapping

LOCALES = (
    *("ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he"),
    *("hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru"),
    *("sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW"),
)
DEFAULT = "en-US"
"""What our own texts are written in."""
FALLBACKS: Mapping[str, str] = {"en-US": "en-GB", "en-GB": "en-US", "es-419": "es-ES"}
"""Discord shows the second where a command has nothing for the first."""

Localized = Mapping[str, str]
"""Versions of one text by locale, beside the one that everybody else reads."""


def version(text: str, localized: Localized, locale: str) -> str:
    """Return the version of a text that a member of this locale reads, as Discord chooses it."""
    return localized.get(locale) or localized.get(FALLBACKS.get(locale, "")) or text
