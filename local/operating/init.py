"""`distillery init`: asks for what a deployment needs, checks it, keeps it where it belongs.

Secrets go to AWS as SecureString parameters, all else to distillery.toml. With `--secrets` it asks
for them alone, and that file stays as it is.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.setting_values import read_value
from infra.settings import FIELDS
from infra.settings_file import FILE
from local.operating.checks import must_be_of
from local.operating.outside import Bot, Unwell, runpod_workers
from local.operating.place import CannotGoOn, Place, aws_client, context_of

REPOSITORY = Path(__file__).parents[2]
_HEAD = (
    "# Settings of this deployment; docs/configuration.md tells them all. No secret is in here.\n"
)
_STAGES = """
# `make deploy` is for [prod]; `make deploy STAGE=dev` for [dev], which may be a second bot: see
# docs/deploy.md.
[prod]
keep_data = true

[dev]
keep_data = false
gradual = false
"""

_PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 38
"""See channels, send messages there and in threads, with links and files, and read what was said
(Discord, "Permissions"). It posts by itself only where an answer came too late."""
_INVITATION = "https://discord.com/oauth2/authorize?client_id={}&scope=bot+applications.commands"

_AGAIN = "distillery init again"

Ask = Callable[[str], str]


def run(arguments: argparse.Namespace) -> int:
    """Ask, check and write; returns the exit status."""
    try:
        context = context_of(arguments)
        if arguments.secrets:
            _renew(Place.of(context, REPOSITORY))
            return 0
        file = REPOSITORY / context.pop("settings_file", FILE)
        if file.exists() and not arguments.force:
            raise CannotGoOn(
                f"{file} is there already. distillery init --secrets stores another token or key "
                "and leaves it as it is; --force writes a new one over it, without what you added"
            )
        given = typed(context)
        print(f"AWS: {account()}")
        settings, secrets = ask_all(given, ask=ask, ask_secretly=_ask_secretly, look=endpoint_state)
        keep(secrets)
    except (CannotGoOn, Unwell) as problem:
        print(problem, file=sys.stderr)
        return 1
    file.write_text(written(settings))
    invitation = _INVITATION.format(settings["application_id"])
    print(f"wrote {file.name}\n\nBring the bot to your server with this link:")
    print(f"  {invitation}&permissions={_PERMISSIONS}")
    print("Next: make bootstrap (once for each account and region), then make deploy")
    return 0


def _renew(place: Place) -> None:
    print(f"AWS: {account()}")
    keep(ask_secrets(place, _ask_secretly))
    print("The rooms read it within five minutes. Next: distillery doctor")


def ask_secrets(place: Place, ask_secretly: Ask) -> dict[str, str]:
    """Return the secrets that were given, by the names of their parameters; an empty line is none.

    Raises Unwell when Discord or Runpod does not take one.
    """
    settings, secrets = place.settings, {}
    if token := ask_secretly("Bot token (empty: it stays): "):
        application = Bot(settings.discord_api_url, token, place.renew).application()
        must_be_of(place, application)
        print(f"  Discord: this is {application['name']}, {application['id']}")
        secrets[settings.bot_token_secret] = token
    if settings.at_runpod and (key := ask_secretly("Runpod API key (empty: it stays): ")):
        for provider in settings.at_runpod:
            endpoint = getattr(settings, f"{provider}_endpoint_id")
            workers = runpod_workers(settings.runpod_api_url, key, endpoint, place.renew)
            print(f"  Runpod: {sum(workers.values())} workers of {endpoint} now")
        secrets[settings.runpod_key_secret] = key
    return secrets


def typed(context: Mapping[str, str]) -> dict[str, Any]:
    """Read the settings that `-c` gives, but for the stage; raises CannotGoOn."""
    read = {}
    for key in context.keys() - {"stage"}:
        try:
            read[key] = read_value(key, context[key])
        except KeyError:
            raise CannotGoOn(f"-c {key}: no such setting; see docs/configuration.md") from None
        except ValueError as error:
            raise CannotGoOn(f"-c {key}: {error}") from error
    return read


def ask_all(
    given: Mapping[str, Any], *, ask: Ask, ask_secretly: Ask, look: Callable[[str], str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings, and the secrets by the names of their parameters.

    `look` says how SageMaker's endpoint of a name is. Raises Unwell when Discord or Runpod does not
    take what was said.
    """
    settings: dict[str, Any] = dict(given)
    secrets: dict[str, str] = {}
    token = ask_secretly("Bot token (discord.com/developers, your application, Bot): ")
    application = Bot(_value(given, "discord_api_url"), token, _AGAIN).application()
    print(f"  Discord: this is {application['name']}, {application['id']}")
    settings["application_id"] = application["id"]
    settings["public_key"] = application["verify_key"]
    secrets[_value(given, "bot_token_secret")] = token
    providers = []
    if endpoint := ask("Runpod endpoint id (empty: no Runpod): "):
        key = ask_secretly("Runpod API key: ")
        workers = runpod_workers(_value(given, "runpod_api_url"), key, endpoint, _AGAIN)
        print(f"  Runpod: {sum(workers.values())} workers now")
        is_hubs = ask("Does it run worker-comfyui from Runpod's hub? (y/n) ").lower() == "y"
        providers.append("worker_comfyui" if is_hubs else "runpod")
        settings[f"{providers[0]}_endpoint_id"] = endpoint
        secrets[_value(given, "runpod_key_secret")] = key
    if name := ask("SageMaker endpoint name (empty: no SageMaker): "):
        print(f"  SageMaker: {look(name)}")
        providers.append("sagemaker")
        settings["sagemaker_endpoint_name"] = name
    if not providers:
        raise Unwell("one provider at least has to make the pictures")
    settings["providers"] = providers
    return settings, secrets


def account() -> str:
    """Say whose AWS this is, and where; raises CannotGoOn when the shell does not say."""
    try:
        client = aws_client("sts")
        return f"account {client.get_caller_identity()['Account']}, {client.meta.region_name}"
    except (BotoCoreError, ClientError) as error:
        raise CannotGoOn(
            f"AWS does not know you: {error}\nGive the shell credentials and AWS_REGION: see "
            "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html"
        ) from error


def endpoint_state(name: str) -> str:
    """Say how an endpoint is; one that is not there yet can be made."""
    try:
        answer = aws_client("sagemaker").describe_endpoint(EndpointName=name)
    except (BotoCoreError, ClientError):
        return "no such endpoint yet; docs/deploy.md#sagemaker says how to have it made"
    return str(answer["EndpointStatus"])


def keep(secrets: Mapping[str, str]) -> None:
    """Write the parameters, over what was there; raises CannotGoOn."""
    for name, value in secrets.items():
        try:
            aws_client("ssm").put_parameter(
                Name=name, Value=value, Type="SecureString", Overwrite=True
            )
        except (BotoCoreError, ClientError) as error:
            raise CannotGoOn(
                f"AWS did not take the secret {name}: {error}\n"
                "Check the shell's credentials and region."
            ) from error
        print(f"  AWS keeps {name}")


def written(settings: Mapping[str, Any]) -> str:
    """Return the file's text; the order is that of the documents.

    What was given holds for both stages, so that no stage says otherwise.
    """
    lines = [f"{name} = {json.dumps(settings[name])}" for name in FIELDS if name in settings]
    stages = [line for line in _STAGES.splitlines() if line.partition(" =")[0] not in settings]
    return "\n".join([_HEAD, *lines, *stages, ""])


def _value(given: Mapping[str, Any], name: str) -> str:
    return str(given.get(name) or FIELDS[name].default)


def ask(question: str) -> str:
    """Return what somebody types, or what comes from a pipe; raises CannotGoOn at its end."""
    try:
        return input(question).strip()
    except EOFError:
        raise CannotGoOn("\nthe answers ended: run the same again and give all") from None


def _ask_secretly(question: str) -> str:
    """What is typed is not shown; what comes from a pipe is read like any other line."""
    return getpass.getpass(question).strip() if sys.stdin.isatty() else ask(question)
