"""What two stages of one file cannot have in common: each is a deployment of its own."""

from __future__ import annotations

from infra.settings import Settings


def in_common(dev: Settings, prod: Settings, *, is_dev_asked: bool) -> dict[str, str]:
    """Say which settings of dev cannot be those of prod, each with what would do.

    Where dev has no bot of its own and nobody asks for it, it may be no more than a few lines that
    were never meant to be deployed.
    """
    has_its_own_bot = dev.application_id != prod.application_id
    both_make = dev.make_endpoint and prod.make_endpoint
    wrong = {
        "public_key": (has_its_own_bot, "give the one of this stage's application"),
        "bot_token_secret": (
            has_its_own_bot,
            "give another name, under which distillery init --secrets --stage dev stores the token "
            "of this stage's application",
        ),
        "sagemaker_endpoint_name": (
            both_make and (has_its_own_bot or is_dev_asked),
            "give another name, since make_endpoint makes one for each stage",
        ),
    }
    return {
        name: f"is that of [prod]; {words}"
        for name, (matters, words) in wrong.items()
        if matters and getattr(dev, name) == getattr(prod, name)
    }
