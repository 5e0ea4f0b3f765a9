"""Is a request really from Discord? Ed25519 over timestamp and raw body.

Source: Discord, "Interactions Overview", Validating Security Request Headers. The age limit is our
own: Discord asks for none, and without one a recorded request could be replayed for ever.
"""

from __future__ import annotations

import re

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

MAX_AGE_S = 5 * 60
_HEX = re.compile("[0-9a-fA-F]{128}")  # `bytes.fromhex` would overlook blanks


class SignatureCheck:
    """Checks requests against one application's public key (hex, from Discord's portal)."""

    def __init__(self, public_key: str) -> None:
        self._key = VerifyKey(bytes.fromhex(public_key))

    def accepts(
        self, body: bytes, signature: str | None, timestamp: str | None, now: float
    ) -> bool:
        """Return True only for a fresh, well-formed and rightly signed request. Never raises."""
        if not signature or not timestamp or not _is_fresh(timestamp, now):
            return False
        if not _HEX.fullmatch(signature):
            return False
        try:
            self._key.verify(timestamp.encode() + body, bytes.fromhex(signature))
        except BadSignatureError:
            return False
        return True


def _is_fresh(timestamp: str, now: float) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > len("9999999999"):
        return False
    return abs(now - int(timestamp)) <= MAX_AGE_S
