from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from distillery.discord.signature import MAX_AGE_S, SignatureCheck

KEY = SigningKey(bytes(32))
CHECK = SignatureCheck(KEY.verify_key.encode().hex())
NOW = 1_790_000_000
BODY = b'{"type":1}'


def sign(body: bytes = BODY, timestamp: str = str(NOW)) -> str:
    return KEY.sign(timestamp.encode() + body).signature.hex()


def test_a_right_signature_is_accepted() -> None:
    assert CHECK.accepts(BODY, sign(), str(NOW), NOW)


@pytest.mark.parametrize("blank", [" ", "\n", "\t"])
def test_a_right_signature_with_blanks_in_it_is_refused(blank: str) -> None:
    assert not CHECK.accepts(BODY, sign()[:64] + blank + sign()[64:], str(NOW), NOW)
    assert not CHECK.accepts(BODY, sign() + blank, str(NOW), NOW)


def test_the_signature_covers_body_and_timestamp() -> None:
    assert not CHECK.accepts(b'{"type":2}', sign(), str(NOW), NOW)
    assert not CHECK.accepts(BODY, sign(), str(NOW - 1), NOW)


@pytest.mark.parametrize(
    ("age_s", "accepted"),
    [(0, True), (MAX_AGE_S, True), (MAX_AGE_S + 1, False), (-MAX_AGE_S - 1, False)],
)
def test_a_request_older_than_five_minutes_is_refused(age_s: int, accepted: bool) -> None:
    timestamp = str(NOW - age_s)
    assert CHECK.accepts(BODY, sign(timestamp=timestamp), timestamp, NOW) is accepted


@pytest.mark.parametrize("signature", [None, "", "zz", "ab" * 63, "ab" * 65, "ab" * 64, "ä" * 64])
def test_a_malformed_signature_is_refused(signature: str | None) -> None:
    assert not CHECK.accepts(BODY, signature, str(NOW), NOW)


@pytest.mark.parametrize("timestamp", [None, "", "now", "1e9", "-5", "٣", "9" * 5000, " 17"])
def test_a_malformed_timestamp_is_refused(timestamp: str | None) -> None:
    assert not CHECK.accepts(BODY, sign(timestamp=timestamp or ""), timestamp, NOW)


@given(bit=st.integers(0, 64 * 8 - 1))
def test_one_flipped_bit_is_enough_to_be_refused(bit: int) -> None:
    raw = bytearray(bytes.fromhex(sign()))
    raw[bit // 8] ^= 1 << (bit % 8)
    assert not CHECK.accepts(BODY, raw.hex(), str(NOW), NOW)


@given(st.binary(), st.none() | st.text(), st.none() | st.text())
def test_nothing_makes_the_check_raise(
    body: bytes, signature: str | None, timestamp: str | None
) -> None:
    assert not CHECK.accepts(body, signature, timestamp, NOW)
