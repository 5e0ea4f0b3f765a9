"""Secrets, kept as SecureString parameters of AWS Systems Manager, which cost nothing.

Each is read once per process and only when first needed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def secret_reader(client: SSMClient, name: str) -> Callable[[], str]:
    """Return a function that gives the secret's text, asking AWS the first time."""

    @cache
    def read() -> str:
        answer = client.get_parameter(Name=name, WithDecryption=True)
        return answer["Parameter"]["Value"].strip()

    return read
