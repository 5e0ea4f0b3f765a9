"""Requests that somebody other than Discord could send, or that broke on their way.

Each kind begins with a right request and spoils exactly one thing about it.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from typing import Any

from nacl.signing import SigningKey

from distillery.core.ports import Clock
from distillery.discord.signature import MAX_AGE_S
from local.chaos.trials.interactions_room import event, ping, serve, sign

Event = dict[str, Any]
SIGNATURE, TIMESTAMP = "x-signature-ed25519", "x-signature-timestamp"
_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's group: a signature whose second half is larger by this fits the same equation."""
_LARGE = 6_000_000  # bytes; Lambda takes 6 MB
_NOT_HEX = "gxZ \n\t\x00é\u0663\uff11\ud800"
_NOT_BASE64 = "%-_ \n,\x00é\ud800"


class Forger:
    """Makes right and wrong requests at the time of `clock`."""

    def __init__(self, key: SigningKey, clock: Clock, rng: random.Random) -> None:
        self._key, self._clock, self._rng = key, clock, rng
        self._stranger = SigningKey(rng.randbytes(32))
        self._number = 0
        self._large = serve(1, "x" * _LARGE, "1")
        self._large_signature = sign(key, self._large, self._now())
        self._large_at = self._now()

    def kinds(self) -> Mapping[str, Callable[[], Event]]:
        """Return every kind of forgery."""
        return {
            name.removeprefix("_forge_"): getattr(self, name)
            for name in dir(self)
            if name.startswith("_forge_")
        }

    def right(self) -> tuple[Event, int]:
        """Return a request as Discord sends it, and the type of the answer that it must get."""
        self._number += 1
        is_ping = self._rng.random() < 0.5  # noqa: PLR2004
        body = ping(self._number) if is_ping else self._serve()
        age_s = self._rng.choice((0, 1, MAX_AGE_S - 2, 2 - MAX_AGE_S))
        request = self._signed(body, self._now(-age_s))
        if self._rng.random() < 0.3:  # noqa: PLR2004
            request |= _encoded(body)
        if self._rng.random() < 0.3:  # noqa: PLR2004
            request["headers"] = {self._odd(n): v for n, v in request["headers"].items()}
        return request, 1 if is_ping else 5

    def large(self) -> Event:
        """Return 6 MB of which one bit is wrong."""
        wrong = self._flipped(self._large, bits=7).decode()
        return event(wrong, self._large_signature, self._large_at)

    def _forge_body_bit(self) -> Event:
        body = self._serve()
        request = self._signed(body)
        return {**request, **_encoded(self._flipped(body))}

    def _forge_body_bit_as_text(self) -> Event:
        body = self._ascii()
        request = self._signed(body)
        return {**request, "body": self._flipped(body, bits=7).decode()}

    def _forge_signature_bit(self) -> Event:
        request = self._signed(self._serve())
        raw = bytes.fromhex(request["headers"][SIGNATURE])
        return _with(request, SIGNATURE, self._flipped(raw).hex())

    def _forge_timestamp_bit(self) -> Event:
        request = self._signed(self._serve())
        text = request["headers"][TIMESTAMP].encode()
        return _with(request, TIMESTAMP, self._flipped(text).decode("latin-1"))

    def _forge_header_missing(self) -> Event:
        request = self._signed(self._serve())
        for name in self._some_headers():
            del request["headers"][name]
        return request

    def _forge_header_without_value(self) -> Event:
        request = self._signed(self._serve())
        for name in self._some_headers():
            request["headers"][name] = self._rng.choice((None, "", " "))
        return request

    def _forge_no_headers(self) -> Event:
        request = self._signed(self._serve())
        if self._rng.random() < 0.5:  # noqa: PLR2004
            return {**request, "headers": self._rng.choice((None, {}))}
        del request["headers"]
        return request

    def _forge_doubled_header(self) -> Event:
        """API Gateway joins them with commas."""
        request = self._signed(self._serve())
        comma = self._rng.choice((",", ", "))
        for name in self._some_headers():
            request["headers"][name] = comma.join([request["headers"][name]] * 2)
        return request

    def _forge_not_hex(self) -> Event:
        request = self._signed(self._serve())
        text = request["headers"][SIGNATURE]
        at = self._rng.randrange(len(text))
        wrong = self._rng.choice(_NOT_HEX)
        return _with(request, SIGNATURE, text[:at] + wrong + text[at + 1 :])

    def _forge_blanks_in_the_hex(self) -> Event:
        """The right bytes in other words: nobody writes a signature so."""
        request = self._signed(self._serve())
        text = request["headers"][SIGNATURE]
        at = 2 * self._rng.randrange(len(text) // 2 + 1)
        return _with(request, SIGNATURE, text[:at] + self._rng.choice(" \t\n") + text[at:])

    def _forge_wrong_length(self) -> Event:
        request = self._signed(self._serve())
        text = request["headers"][SIGNATURE]
        cut = text[: self._rng.randrange(len(text))]
        longer = text + "0" * self._rng.randint(1, 300)
        return _with(request, SIGNATURE, self._rng.choice((cut, longer, "0x" + text, text + text)))

    def _forge_other_words_for_the_signature(self) -> Event:
        """Ed25519 is malleable where the second half is not held below the group's order."""
        request = self._signed(self._serve())
        raw = bytes.fromhex(request["headers"][SIGNATURE])
        larger = int.from_bytes(raw[32:], "little") + _ORDER
        return _with(request, SIGNATURE, (raw[:32] + larger.to_bytes(32, "little")).hex())

    def _forge_constant_signature(self) -> Event:
        byte = self._rng.choice(("00", "01", "ff", "80"))
        return _with(self._signed(self._serve()), SIGNATURE, byte * 64)

    def _forge_signature_of_another_request(self) -> Event:
        other = self._signed(self._serve())["headers"][SIGNATURE]
        return _with(self._signed(self._serve()), SIGNATURE, other)

    def _forge_signature_of_another_key(self) -> Event:
        body, now = self._serve(), self._now()
        return event(body.decode(), sign(self._stranger, body, now), now)

    def _forge_too_old(self) -> Event:
        return self._signed(self._serve(), self._now(-MAX_AGE_S - self._far_s()))

    def _forge_from_the_future(self) -> Event:
        return self._signed(self._serve(), self._now(MAX_AGE_S + self._far_s()))

    def _forge_time_in_other_words(self) -> Event:
        now = self._now()
        words = [f" {now}", f"{now} ", f"+{now}", f"{now}.0", f"0{now}", hex(int(now))]
        words += [f"-{now}", "1.79e9", f"{now}\n", now * 500, "nan", "0", "\u0661" * 10, f"{now}Z"]
        return self._signed(self._serve(), self._rng.choice(words))

    def _forge_encoding_not_said(self) -> Event:
        body = self._serve()
        return {**self._signed(body), **_encoded(body), "isBase64Encoded": False}

    def _forge_encoding_said_wrongly(self) -> Event:
        return {**self._signed(self._serve()), "isBase64Encoded": True}

    def _forge_broken_base64(self) -> Event:
        body = self._serve()
        text = base64.b64encode(body).decode()
        at = self._rng.randrange(len(text) - 4)
        wrong = self._rng.choice(_NOT_BASE64)
        broken = self._rng.choice((text[:at], text[:at] + wrong + text[at:], "=" + text))
        return {**self._signed(body), "body": broken, "isBase64Encoded": True}

    def _forge_not_utf8(self) -> Event:
        """Rightly signed, and yet nothing that Discord would send."""
        body = self._serve()
        at = self._rng.randrange(len(body))
        wrong = self._rng.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"))
        body = body[:at] + wrong + body[at:]
        now = self._now()
        return {**event("", sign(self._key, body, now), now), **_encoded(body)}

    def _forge_half_a_character(self) -> Event:
        """A JSON event may hold a surrogate alone, which is in no encoding."""
        request = self._signed(self._serve())
        return {**request, "body": request["body"] + "\ud800"}

    def _forge_no_body(self) -> Event:
        request = self._signed(self._serve())
        if self._rng.random() < 0.5:  # noqa: PLR2004
            return {**request, "body": self._rng.choice((None, ""))}
        del request["body"]
        return request

    def _forge_odd_names_of_headers(self) -> Event:
        request = self._forge_signature_bit()
        return {**request, "headers": {self._odd(n): v for n, v in request["headers"].items()}}

    def _signed(self, body: bytes, timestamp: str | None = None) -> Event:
        timestamp = self._now() if timestamp is None else timestamp
        return event(body.decode(), sign(self._key, body, timestamp), timestamp)

    def _serve(self) -> bytes:
        self._number += 1
        prompt = f"a red fox — 狐 {self._rng.getrandbits(64):x}"
        return serve(self._number, prompt, str(10**17 + self._number % 100))

    def _ascii(self) -> bytes:
        return ping(self._rng.getrandbits(60))

    def _now(self, after_s: float = 0.0) -> str:
        return str(int(self._clock() + after_s))

    def _far_s(self) -> float:
        return 2 + 10 ** self._rng.uniform(0, 7)

    def _flipped(self, data: bytes, bits: int = 8) -> bytes:
        """Flip one of the lowest `bits` bits of one byte."""
        flipped = bytearray(data)
        flipped[self._rng.randrange(len(data))] ^= 1 << self._rng.randrange(bits)
        return bytes(flipped)

    def _some_headers(self) -> tuple[str, ...]:
        return self._rng.choice(((SIGNATURE,), (TIMESTAMP,), (SIGNATURE, TIMESTAMP)))

    def _odd(self, name: str) -> str:
        return "".join(self._rng.choice((c.upper(), c)) for c in name)


def _with(request: Event, header: str, value: str) -> Event:
    return {**request, "headers": {**request["headers"], header: value}}


def _encoded(body: bytes) -> Event:
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
