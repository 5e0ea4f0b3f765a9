"""Secrets Manager, read once per process and only when first needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def secret_reader(client: SecretsManagerClient, name: str) -> Callable[[], str]:
    """Return a function that gives the secret's text, asking Secrets Manager the first time."""

    @cache
    def read() -> str:
        return client.get_secret_value(SecretId=name)["SecretString"].strip()

    return read
