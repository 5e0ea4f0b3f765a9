"""Discord's ids: milliseconds since 2015 in the upper bits, so that they sort by age."""

import secrets

DISCORD_EPOCH_MS = 1_420_070_400_000
UNIQUE_BITS = 22


def snowflake(now: float) -> str:
    """Return a new id for the moment `now` (seconds since 1970), unique between processes."""
    milliseconds = int(now * 1000) - DISCORD_EPOCH_MS
    return str((milliseconds << UNIQUE_BITS) | secrets.randbits(UNIQUE_BITS))
