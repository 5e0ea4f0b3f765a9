"""Secrets, kept as SecureString parameters of AWS Systems Manager, which cost nothing.

Each is read when first needed, and again after a while: a room that is called every minute lives
for hours, and a token that was reset has to reach it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

KEPT_S = 300.0


def secret_reader(
    client: SSMClient, name: str, clock: Callable[[], float] = time.monotonic
) -> Callable[[], str]:
    """Return a function that gives the secret's text, read anew every KEPT_S seconds.

    While AWS does not answer, the text that was read last has to do.
    """
    kept = ""
    read_at: float | None = None

    def read() -> str:
        nonlocal kept, read_at
        if read_at is None or clock() - read_at >= KEPT_S:
            try:
                answer = client.get_parameter(Name=name, WithDecryption=True)
            except (BotoCoreError, ClientError):
                if read_at is None:
                    raise
            else:
                kept, read_at = answer["Parameter"]["Value"].strip(), clock()
        return kept

    return read
