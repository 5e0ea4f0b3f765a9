"""Where jobs and their files live: one DynamoDB table, one private S3 bucket."""

from __future__ import annotations

from aws_cdk import CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.functions import log_group

WAITING_INDEX = "waiting"
DUE_INDEX = "due"
MEMBER_INDEX = "member"
SAGEMAKER = "sagemaker/"
"""What the endpoint itself writes."""
SAGEMAKER_OUTPUTS = f"{SAGEMAKER}outputs"
SAGEMAKER_FAILURES = f"{SAGEMAKER}failures"
ENVELOPES = "jobs/*/*/envelope"
FILES = "jobs/*"
"""Everything the rooms and the workers write lies under here."""
OUTPUTS = "jobs/*/*/outputs/*"
CANCELS = "jobs/*/*/cancel"
RESULTS = "jobs/*/*/result.json"
_KEEP = Duration.days(30)
_UNDO = Duration.days(7)
"""How long a kept bucket holds on to what was deleted or written over."""
_HELPERS = ("BucketNotificationsHandler", "Custom::S3AutoDeleteObjects")


def bucket_export(stack_name: str) -> str:
    """Under what name a service stack's bucket is told to other stacks."""
    return f"{stack_name}-BucketName"


class Storage(Construct):
    """The table of jobs and the bucket of inputs, outputs and results.

    `keeps` makes both outlive the stack, with back-ups; `is_local` leaves out what an embedded AWS
    on plain HTTP would refuse or does not need.
    """

    def __init__(self, scope: Construct, construct_id: str, *, keeps: bool, is_local: bool) -> None:
        super().__init__(scope, construct_id)
        removal = RemovalPolicy.RETAIN if keeps else RemovalPolicy.DESTROY
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=_text("pk"),
            sort_key=_text("sk"),
            global_secondary_indexes=[
                _index(WAITING_INDEX, _text("waiting"), _text("waiting_order")),
                _index(DUE_INDEX, _text("due"), _number("due_at")),
                _index(MEMBER_INDEX, _text("user_id"), _number("created_at")),
            ],
            time_to_live_attribute="expires_at",
            billing=dynamodb.Billing.on_demand(),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=keeps
            ),
            deletion_protection=keeps,
            removal_policy=removal,
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=not is_local,
            minimum_tls_version=None if is_local else 1.2,
            lifecycle_rules=[
                s3.LifecycleRule(
                    prefix=prefix,
                    expiration=_KEEP,
                    noncurrent_version_expiration=_UNDO if keeps else None,
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
                for prefix in ("jobs/", SAGEMAKER)
            ],
            versioned=keeps,
            removal_policy=removal,
            auto_delete_objects=not keeps and not is_local,  # CloudFormation deletes no full bucket
        )

    def keep_logs_of_helpers(self) -> None:
        """Give the functions that the CDK adds to a bucket a log group that goes with the stack.

        They notify of objects, and empty a bucket that is deleted. By itself the CDK gives them
        none, and the one that Lambda then makes stays for ever.
        """
        lines = log_group(self, "HelpersLog")
        for construct in Stack.of(self).node.find_all():
            if (
                isinstance(construct, CfnResource)
                and construct.cfn_resource_type == "AWS::Lambda::Function"
                and any(helper in construct.node.path for helper in _HELPERS)
            ):
                construct.add_property_override("LoggingConfig", {"LogGroup": lines.log_group_name})


def _text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _number(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.NUMBER)


def _index(
    name: str, partition_key: dynamodb.Attribute, sort_key: dynamodb.Attribute
) -> dynamodb.GlobalSecondaryIndexPropsV2:
    """Holds only the items that have both keys, and of those the keys alone."""
    return dynamodb.GlobalSecondaryIndexPropsV2(
        index_name=name,
        partition_key=partition_key,
        sort_key=sort_key,
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )
