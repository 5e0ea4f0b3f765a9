"""What `distillery doctor` looks at. Each check says what it found, or raises with what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from botocore.exceptions import ClientError

from distillery.aws.dead_letters import DynamoDeadLetters
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from distillery.discord.registration import same_commands
from distillery.recipe_files import load_recipes
from local.operating import alarm_checks
from local.operating.outside import Unwell, runpod_workers
from local.operating.place import Place

WORKFLOWS = Path(__file__).parents[2] / "workflows"
_TIMEOUT_S = 10
_MANY = 1000
_DEPLOYED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
_RUNS_NEEDED, _RUNS_RESERVED = 50, 300
"""Ten dispatchers and as many answers at once, and no member kept waiting; and what
reserve_concurrency takes, with the hundred that AWS keeps for other functions."""


def stack(place: Place) -> str:
    """Whether the last deployment went through. What was there before it still serves."""
    name, status = place.settings.stack_name, place.stack["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise Unwell(f"{name} is {status}: a deployment is under way; look again when it is done")
    if status.endswith("ROLLBACK_FAILED"):
        raise Unwell(
            f"{name} is {status}, and takes no deployment: see its events in the console, "
            f"CloudFormation, then aws cloudformation continue-update-rollback --stack-name {name}"
        )
    if status not in _DEPLOYED:
        raise Unwell(
            f"{name} is {status}: the last deployment failed; see its events in the console, "
            f"CloudFormation, mend it, then {place.deploy}"
        )
    return f"{name}, table {place.outputs['TableName']}"


def signature(place: Place) -> str:
    """Discord now and then sends a wrong signature too, and drops an address that takes it."""
    url = place.interactions_url
    headers = {"X-Signature-Ed25519": "00" * 64, "X-Signature-Timestamp": str(int(time.time()))}
    try:
        answer = requests.post(url, json={"type": 1}, headers=headers, timeout=_TIMEOUT_S)
    except requests.RequestException as error:
        raise Unwell(
            f"{url} does not answer: {type(error).__name__}; see the room's log"
        ) from error
    if answer.status_code != HTTPStatus.UNAUTHORIZED:
        raise Unwell(
            f"{url} answered {answer.status_code} to a wrong signature, not 401: see the log of "
            "the interactions room, and check public_key"
        )
    return "a wrong signature is refused"


def discord(place: Place) -> str:
    """Only Discord can sign a PING: being told its address anew, it sends one."""
    bot = place.bot()
    application = bot.application()
    must_be_of(place, application)
    if application.get("interactions_endpoint_url") != place.interactions_url:
        raise Unwell(
            "Discord does not call this deployment: paste "
            f"{place.interactions_url} as Interactions Endpoint URL on the application's page"
        )
    bot.call_here(place.interactions_url)
    return "it has just had a PING answered, and a wrong signature refused"


def must_be_of(place: Place, application: Mapping[str, Any]) -> None:
    """Raise Unwell unless this is the application that the settings say."""
    settings = place.settings
    if application["id"] != settings.application_id:
        raise Unwell(
            f"the bot token is of application {application['id']}, and application_id is "
            f"{settings.application_id}: {place.renew} stores the token of the latter"
        )
    if application["verify_key"] != settings.public_key:
        raise Unwell(
            "public_key is not this application's: set public_key = "
            f'"{application["verify_key"]}" in distillery.toml, then {place.deploy}'
        )


def commands(place: Place) -> str:
    """Whether Discord has the commands of these recipes."""
    settings = place.settings
    ours = all_commands(load_recipes(WORKFLOWS), CommandStyle(settings.command_style))
    theirs = place.bot().commands(settings.application_id)
    if not same_commands(ours, theirs):
        raise Unwell(f"Discord has other commands than these workflows make: {place.deploy}")
    return f"{len(ours)} are registered"


def runpod(place: Place) -> str:
    """Whether the endpoint takes jobs: without workers at all one will start."""
    return _endpoint_at_runpod(place, place.settings.runpod_endpoint_id)


def worker_comfyui(place: Place) -> str:
    """The same of the endpoint that runs the hub's image."""
    return _endpoint_at_runpod(place, place.settings.worker_comfyui_endpoint_id)


def _endpoint_at_runpod(place: Place, endpoint_id: str) -> str:
    settings = place.settings
    key = place.secret(settings.runpod_key_secret)
    workers = runpod_workers(settings.runpod_api_url, key, endpoint_id, place.renew)
    if workers.get("unhealthy", 0) and not workers.get("idle", 0) + workers.get("running", 0):
        raise Unwell("every worker is unhealthy: see the endpoint's log at Runpod")
    busy = {state: count for state, count in workers.items() if count}
    return f"workers: {json.dumps(busy)}" if busy else "no worker now; one starts with a job"


def sagemaker(place: Place) -> str:
    """The endpoint's state."""
    name = place.settings.sagemaker_endpoint_name
    try:
        answer = place.client("sagemaker").describe_endpoint(EndpointName=name)
    except ClientError as error:
        raise Unwell(
            f"the endpoint {name} cannot be seen: {error}. Check sagemaker_endpoint_name and the "
            "region; docs/deploy.md#sagemaker says how to have one made"
        ) from error
    status = answer["EndpointStatus"]
    if status not in ("InService", "Updating", "SystemUpdating"):
        raise Unwell(f"the endpoint {name} is {status}: see its FailureReason at SageMaker")
    return f"{name} is {status}"


def gpu_quota(place: Place) -> str:
    """New accounts may run no GPU at all until AWS has been asked."""
    kind, wanted = place.settings.gpu_instance_type, place.settings.gpu_max_instances
    pages = place.client("service-quotas").get_paginator("list_service_quotas")
    name = f"{kind} for endpoint usage"
    for page in pages.paginate(ServiceCode="sagemaker"):
        for quota in page["Quotas"]:
            if quota["QuotaName"] == name:
                if quota["Value"] < wanted:
                    raise Unwell(
                        f"the account may run {quota['Value']:.0f} of {name}, not {wanted}: ask "
                        "for more in the console, Service Quotas, Amazon SageMaker"
                    )
                return f"{quota['Value']:.0f} of {kind} are allowed"
    raise Unwell(f"AWS names no quota for {name}: check gpu_instance_type and the region")


def runs_at_once(place: Place) -> str:
    """New accounts start with ten runs of Lambda at one time."""
    limit = place.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit < (_RUNS_RESERVED if place.settings.reserve_concurrency else _RUNS_NEEDED):
        raise Unwell(
            f"the account allows {limit} runs of Lambda at a time, which a few members use up: ask "
            "for 1,000 in the console, Service Quotas, AWS Lambda, Concurrent executions"
        )
    return f"{limit} are allowed"


def dead_letters(place: Place) -> str:
    """Those that the room has taken are in the table; what it could not take is in the queue."""
    letters = DynamoDeadLetters(place.client("dynamodb"), place.outputs["TableName"])
    counted = len(letters.list(_MANY))
    sqs = place.client("sqs")
    for url in place.resources("AWS::SQS::Queue"):
        if "DeadLetters" in url:
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            counted += int(attributes["Attributes"]["ApproximateNumberOfMessages"])
    if counted:
        raise Unwell(
            f"{counted} lie there: distillery dead-letters list says why, and redrive tries again; "
            "see docs/operations.md#dead-letters-1"
        )
    return "none"


def checks_of(place: Place) -> Mapping[str, Callable[[Place], str]]:
    """The checks that a deployment with these settings needs, by what they are about."""
    settings = place.settings
    wanted = {
        "runpod": "runpod" in settings.providers,
        "worker-comfyui": "worker_comfyui" in settings.providers,
        "sagemaker": "sagemaker" in settings.providers,
        "GPU quota": settings.make_endpoint,
        "alarm e-mail": bool(settings.alarm_email),
        "alarm channel": bool(settings.alarm_channel),
    }
    checks = {
        "stack": stack,
        "signature": signature,
        "discord": discord,
        "commands": commands,
        "runpod": runpod,
        "worker-comfyui": worker_comfyui,
        "sagemaker": sagemaker,
        "GPU quota": gpu_quota,
        "runs at once": runs_at_once,
        "dead letters": dead_letters,
        "alarms": alarm_checks.ringing,
        "alarm e-mail": alarm_checks.email,
        "alarm channel": alarm_checks.channel,
    }
    return {name: check for name, check in checks.items() if wanted.get(name, True)}
