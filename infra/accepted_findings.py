"""cdk-nag findings that are accepted, each in one place and with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

_NEWEST_PYTHON = (
    "AwsSolutions-L1",
    "Python 3.13 is the version that the tests, the local cloud and the pinned wheels share.",
)
_EVERYWHERE = (
    (
        "Serverless-LambdaLatestVersion",
        "As AwsSolutions-L1: Python 3.13 is what the tests, the local cloud and the wheels share.",
    ),
    (
        "Serverless-LambdaTracing",
        "The setting `tracing` makes traces; the job's id is in every line anyhow, and the room "
        "that answers Discord has no time for them.",
    ),
    (
        "Serverless-LambdaEventSourceMappingDestination",
        "A queue's messages go to dead letters by its own redrive policy; dead letters themselves "
        "stay where they are until they are taken.",
    ),
    (
        "Serverless-LambdaDLQ",
        "What fails an asynchronous call goes to the dead letters as the function's destination, "
        "which tells the reason too; the other rooms are called by a queue, or by who waits.",
    ),
    (
        "Serverless-SNSRedrivePolicy",
        "An alarm that could not be told is told by e-mail; as a dead letter it would set off an "
        "alarm itself.",
    ),
    (
        "Serverless-EventBusDLQ",
        "The next run of a schedule is its retry, and what a run failed on goes to dead letters.",
    ),
    (
        "Serverless-LambdaDefaultMemorySize",
        "Every room names its memory; the CDK's own helpers run in a deployment alone.",
    ),
)
"""Rules of the Serverless pack, whose findings have one reason wherever they appear."""
_JOB_FILES = (
    "AwsSolutions-IAM5[Resource::<{bucket}.Arn>/jobs/*]",
    "The keys of a job are made when the job is; the grant ends at jobs/ of this one bucket.",
)
_OPINIONS = (
    "AwsSolutions-IAM5[Resource::*]",
    "Comprehend and Rekognition have no resources to name; they are granted where chosen alone.",
)
_LAST_RESORT = "This queue is itself the dead letters; what cannot be taken from it stays in it."
_ACCEPTED = {
    "Interactions/Function": (_NEWEST_PYTHON,),
    "Dispatcher/Function": (_NEWEST_PYTHON,),
    "Followup/Function": (_NEWEST_PYTHON,),
    "Watchdog/Function": (_NEWEST_PYTHON,),
    "DeadLetters/Function": (_NEWEST_PYTHON,),
    "Canary/Function": (_NEWEST_PYTHON,),
    "RegisterCommands/Function": (_NEWEST_PYTHON,),
    "TellAlarms/Function": (_NEWEST_PYTHON,),
    "Interactions/Role": (
        (
            "AwsSolutions-IAM5[Resource::<{bucket}.Arn>/jobs/*/*/outputs/*]",
            "It signs links to pictures, whose keys are made with the job and by the worker.",
        ),
    ),
    "Dispatcher/Role": (_JOB_FILES, _OPINIONS),
    "Followup/Role": (_JOB_FILES, _OPINIONS),
    "DeadLetters/Role": (_JOB_FILES, _OPINIONS),
    "Watchdog/Role": (
        *(_JOB_FILES, _OPINIONS),
        (
            "AwsSolutions-IAM5[Resource::<{bucket}.Arn>/jobs/*/*/cancel]",
            "It calls off attempts, one object each; the grant ends at these objects.",
        ),
        (
            "AwsSolutions-IAM5[Resource::<{bucket}.Arn>/jobs/*/*/outputs/*]",
            "It stores the pictures that an endpoint of worker-comfyui has made for an attempt.",
        ),
        (
            "AwsSolutions-IAM5[Resource::<{bucket}.Arn>/jobs/*/*/result.json]",
            "It stores the result of an attempt at an endpoint of worker-comfyui.",
        ),
        (
            "AwsSolutions-IAM5[Resource::<{bucket}.Arn>/sagemaker/failures/*]",
            "SageMaker names the object that tells of a failure when it takes the job.",
        ),
    ),
    "Storage/Bucket": (
        (
            "AwsSolutions-S1",
            "Objects live 30 days and are reached by five rooms and by addresses they sign; "
            "CloudTrail data events show who did, at no cost while nobody looks.",
        ),
    ),
    "Queues/DeadLetters": (
        ("AwsSolutions-SQS3", _LAST_RESORT),
        ("Serverless-SQSRedrivePolicy", _LAST_RESORT),
    ),
    "Commands/ProviderRole": (
        (
            "AwsSolutions-IAM5[Resource::<{registration}.Arn>:*]",
            "The CDK's provider framework invokes versions and aliases of this one function.",
        ),
    ),
    "BucketNotificationsHandler050a0587b7544547bf325f094a3db834/Role": (
        (
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AWSLambdaBasicExecutionRole]",
            "The CDK attaches it to its own notifications handler; it allows writing logs only.",
        ),
    ),
}


_BY_CHOICE = ("TellAlarms",)
"""Constructs that not every deployment has."""


def accept_in(stack: Stack, **logical_ids: str) -> None:
    """Acknowledge each finding of the table at its construct.

    `logical_ids` fills the names in braces: cdk-nag writes resources by their logical ids.
    """
    Validations.of(stack).acknowledge(
        *(
            Acknowledgment(id=f"{_pack(rule)}::{rule}", reason=reason)
            for rule, reason in _EVERYWHERE
        )
    )
    for path, findings in _ACCEPTED.items():
        first, *_ = names = path.split("/")
        if first in _BY_CHOICE and stack.node.try_find_child(first) is None:
            continue
        construct: IConstruct = stack
        for name in names:
            construct = construct.node.find_child(name)
        Validations.of(construct).acknowledge(
            *(
                Acknowledgment(id=f"{_pack(rule)}::{rule.format(**logical_ids)}", reason=reason)
                for rule, reason in findings
            )
        )


def _pack(rule: str) -> str:
    """A rule is known by its pack's name and then its own, which begins with it."""
    return rule.partition("-")[0]
