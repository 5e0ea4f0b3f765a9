"""docs/deploy.md, followed word for word by a new operator, on the local cloud.

Only what a shell and a file hold differs: where AWS, Discord and Runpod are, and the stage, which
is that of the document's second bot, since the local cloud has deployed the first.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local.aws import ACCESS_KEY, ACCOUNT, SECRET_KEY, python_version, served_url
from tests.local.conftest import Cloud
from tests.until import SOON_S, until

ROOT = Path(__file__).parents[2]
FILE = ROOT / "distillery.toml"
PATIENCE_S = 400
DOCUMENT = (ROOT / "docs" / "deploy.md").read_text()
COMMANDS = [
    "make setup",
    ".venv/bin/distillery init",
    "make bootstrap",
    "make deploy",
    ".venv/bin/distillery doctor",
    ".venv/bin/distillery smoke",
    ".venv/bin/distillery cost idle",
]


SECOND_BOT = [".venv/bin/distillery init --secrets --stage dev", "make deploy STAGE=dev"]
WITHOUT_ENDPOINT = [
    "aws cloudformation delete-stack --stack-name DistilleryGpu",
    "aws cloudformation delete-stack --stack-name DistilleryImage   # where build_image goes too",
]
"""Stacks of these names are put there first: the local AWS has no SageMaker and no CodeBuild."""
PLAIN_STACK = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'

AWS = f'aws() {{ PYTHONPATH={ROOT} {sys.executable} -m tests.local.aws_program "$@"; }}'
DISCORDS_OWN = ("id", "application_id", "version", "guild_id")


def blocks(after: str, before: str = "") -> list[str]:
    """What the document has a shell do between two headings."""
    text = DOCUMENT.partition(after)[2] if after else DOCUMENT
    return re.findall(r"```sh\n(.*?)```", text.partition(before)[0] if before else text, re.DOTALL)


def lines(blocks: list[str]) -> list[str]:
    return [line for block in blocks for line in block.splitlines()]


class Operator:
    """A shell in the clone, whose AWS is the local cloud's."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def run(self, command: str, answers: str = "") -> subprocess.CompletedProcess[str]:
        state = self._cloud.state
        for written, here in {
            "https://discord.com": state["discord_url"],
            "APPLICATION_ID": state["application_id"],
            "ACCOUNT-REGION": f"{ACCOUNT}-{state['region']}",
        }.items():
            command = command.replace(written, here)
        return subprocess.run(
            f"set -e\n{AWS}\n{command}",
            shell=True,
            capture_output=True,
            check=False,
            cwd=ROOT,
            env={
                **os.environ,
                "STAGE": "dev",
                "AWS_ENDPOINT_URL": state["aws_endpoint_url"],
                "AWS_ENDPOINT_URL_SAGEMAKER": state["control_url"].removesuffix("/control"),
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_REGION": state["region"],
                "AWS_DEFAULT_REGION": state["region"],
                "CDK_DISABLE_CLI_TELEMETRY": "true",
                "CDK_VALIDATION": "false",  # it would only warn
            },
            input=answers,
            text=True,
            timeout=PATIENCE_S,
        )

    def must(self, command: str, answers: str = "") -> str:
        done = self.run(command, answers)
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{command}\n{said}"
        return said

    def paste(self, url: str) -> None:
        """Do what an operator does on the application's page: paste, and paste again.

        A room that starts on a busy machine may need longer than the 3 s that Discord waits.
        """
        page = f"{self._cloud.state['discord_url']}/control/interactions_url"
        until(lambda: requests.post(page, json={"url": url}, timeout=30).ok, SOON_S)

    def sees(self, token: str, words: str) -> None:
        """Look into the channel until somebody has said these words."""
        state = self._cloud.state
        page = f"{state['discord_url']}/api/v10/channels/{state['channel_id']}/messages?limit=10"

        def said() -> bool:
            answer = requests.get(page, headers={"Authorization": f"Bot {token}"}, timeout=30)
            return any(words in str(message["components"]) for message in answer.json())

        until(said, told=lambda: f"nobody said {words}")


@pytest.fixture
def operator(cloud: Cloud) -> Iterator[Operator]:
    assert not FILE.exists(), "this test writes distillery.toml, and would destroy yours"
    shell = Operator(cloud)
    yield shell
    FILE.unlink(missing_ok=True)
    shell.paste(cloud.state["interactions_url"])


def test_the_document_says_these_commands_and_those_of_the_removal() -> None:
    assert lines(blocks("", "\n## SageMaker")) == COMMANDS
    assert lines(blocks("\n## SageMaker", "\n## A second bot")) == WITHOUT_ENDPOINT
    assert lines(blocks("\n## A second bot", "\n## Removing it")) == SECOND_BOT
    assert len(blocks("\n## Removing it")) == 4


@pytest.mark.cloud
def test_following_the_document_ends_with_a_picture(cloud: Cloud, operator: Operator) -> None:
    state = cloud.state
    gpus = state["control_url"].removesuffix("/control")
    stand_ins = {
        "target": "local",
        "discord_api_url": f"{state['discord_url']}/api/v10",
        "attachment_origins": state["discord_url"],
        "runpod_api_url": f"{gpus}/v2",
        "sagemaker_url": gpus,
        "python_version": python_version(),
        "alarm_channel": state["channel_id"],
    }
    here = " ".join(f"-c {key}={value}" for key, value in stand_ins.items())
    identity = (cloud.folder / "identity.json").read_text()
    token, key = (
        re.findall(rf'"{name}": "(.*?)"', identity)[0] for name in ("bot_token", "runpod_key")
    )

    operator.must(COMMANDS[0])
    said = operator.must(
        f"{COMMANDS[1]} {here}", f"{token}\nlocal-runpod\n{key}\nn\nlocal-sagemaker\n"
    )
    assert state["application_id"] in said
    assert token not in FILE.read_text() + said
    written = FILE.read_text()
    said = operator.must(SECOND_BOT[0], f"{token}\n{key}\n")
    assert "AWS keeps /distillery/runpod-api-key" in said
    assert FILE.read_text() == written
    operator.must(COMMANDS[2])
    deployed = operator.must(COMMANDS[3])
    url = re.findall(r"InteractionsUrl = (\S+)", deployed)[0]
    url = served_url(state["aws_endpoint_url"], url)
    before = operator.run(f"{COMMANDS[4]} -c stage=dev")
    assert before.returncode == 1
    assert f"paste {url} as Interactions Endpoint URL" in before.stdout, before.stdout
    operator.paste(url)
    said = operator.must(f"{COMMANDS[4]} -c stage=dev")
    assert "WRONG" not in said
    assert "made a picture" in operator.must(f"{COMMANDS[5]} -c stage=dev")
    assert "smoke-runpod" in operator.must(".venv/bin/distillery jobs list --hours 1 --stage dev")
    assert re.search(r"^all +\d", operator.must(f"{COMMANDS[6]} -c stage=dev"), re.MULTILINE)
    topic = re.findall(r"AlarmTopic = (\S+)", deployed)[0]
    alarm = json.loads((ROOT / "tests/events/sns_alarm.json").read_text())["Records"][0]["Sns"]
    cloud.aws("sns").publish(TopicArn=topic, Message=alarm["Message"])
    operator.sees(token, "One of the alarms that cannot wait")
    leave_sagemaker(cloud, operator)
    remove(cloud, operator)


def stacks(cloud: Cloud) -> set[str]:
    """The stacks that are there."""
    pages = cloud.aws("cloudformation").get_paginator("describe_stacks").paginate()
    return {stack["StackName"] for page in pages for stack in page["Stacks"]}


def leave_sagemaker(cloud: Cloud, operator: Operator) -> None:
    """Do what the document says of being without the endpoint again."""
    before = stacks(cloud)
    client = cloud.aws("cloudformation")
    for name in ("DistilleryGpu", "DistilleryImage"):
        client.create_stack(StackName=name, TemplateBody=PLAIN_STACK)
    (commands,) = blocks("\n## SageMaker", "\n## A second bot")
    operator.must(commands)
    assert stacks(cloud) == before


def remove(cloud: Cloud, operator: Operator) -> None:
    """Do what the document says of the removal, and give the first bot back what it shares."""
    state = cloud.state
    destroy, commands, secrets, bootstrap = blocks("\n## Removing it")
    ssm, s3 = cloud.aws("ssm"), cloud.aws("s3")
    names = re.findall(r"/distillery/\S+", secrets)
    kept = {
        name: ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        for name in names
    }
    page = f"{state['discord_url']}/api/v10/applications/{state['application_id']}/commands"
    token = {"Authorization": f"Bot {kept[names[0]]}"}
    registered = [
        {name: value for name, value in command.items() if name not in DISCORDS_OWN}
        for command in requests.get(
            page, {"with_localizations": "true"}, headers=token, timeout=30
        ).json()
    ]
    assert registered

    operator.must(destroy, "y\n")
    assert stacks(cloud) == {"CDKToolkit", "Distillery"}
    assert not [
        function["FunctionName"]
        for function in cloud.aws("lambda").list_functions()["Functions"]
        if "Dev" in function["FunctionName"]
    ]
    operator.must(commands)
    assert requests.get(page, headers=token, timeout=30).json() == []
    operator.must(secrets)
    assert not ssm.get_parameters(Names=names)["Parameters"]
    operator.must(f"cd {cloud.folder}\n{bootstrap}")  # it writes a file
    assert stacks(cloud) == {"Distillery"}
    assert not [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"].startswith("cdk-")]

    for name, value in kept.items():
        ssm.put_parameter(Name=name, Value=value, Type="SecureString")
    requests.put(page, headers=token, json=registered, timeout=30).raise_for_status()
    operator.must("make bootstrap")
