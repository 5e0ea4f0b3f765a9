"""The whole service as one stack: which constructs there are, and who may touch what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aws_cdk import CfnElement, CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_events_targets import LambdaFunction
from aws_cdk.aws_s3_notifications import LambdaDestination
from aws_cdk.aws_sns_subscriptions import LambdaSubscription
from constructs import Construct

from infra import second_opinion
from infra.accepted_findings import accept_in
from infra.api import InteractionsApi
from infra.commands import Commands
from infra.functions import RoomFunction
from infra.monitoring import Monitoring
from infra.queues import Queues
from infra.rollout import Rollout
from infra.room_values import of_settings
from infra.rooms import (
    CANARY,
    DEAD_LETTERS,
    DISPATCHER,
    FOLLOWUP,
    INTERACTIONS,
    REGISTER_COMMANDS,
    ROOMS,
    TELL_ALARMS,
    WATCHDOG,
    Room,
)
from infra.settings import Settings
from infra.storage import (
    CANCELS,
    DUE_INDEX,
    FILES,
    MEMBER_INDEX,
    OUTPUTS,
    RESULTS,
    SAGEMAKER_FAILURES,
    WAITING_INDEX,
    Storage,
    bucket_export,
)

if TYPE_CHECKING:
    from infra.guarded_api import GuardedApi

_DISPATCHERS_AT_ONCE = 10
_LOCAL_DISPATCHERS_AT_ONCE = 2  # each is a process of 50 to 60 MB


class ServiceStack(Stack):
    """Everything but the GPU endpoints, which are made elsewhere and named in the settings."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, **stack: Any
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self._settings = settings
        self._rooms: dict[str, RoomFunction] = {}
        self._storage = Storage(
            self, "Storage", keeps=not settings.deletes_data, is_local=settings.is_local
        )
        self._queues = Queues(self, "Queues", is_local=settings.is_local)
        self._values = self._environment()
        api = self._interactions()
        self._dispatcher()
        self._followup()
        self._watchdog()
        self._dead_letters()
        self._canary()
        registration = self._register_commands()
        self._monitoring = Monitoring(
            self,
            "Monitoring",
            settings=settings,
            api=api,
            rooms=self._rooms,
            dead_letters=self._queues.dead_letters,
        )
        if settings.gradual and not settings.is_local:  # an embedded AWS knows no CodeDeploy
            rooms = {room.name: self._rooms[room.name] for room in ROOMS if room.is_gradual}
            Rollout(self, "Rollout", rooms=rooms, alarms=self._monitoring.alarms.of_our_code)
        if settings.alarm_channel:
            self._tell_alarms()
        self._outputs(api)
        self._accept_findings(registration)

    def _environment(self) -> Mapping[str, str]:
        return {
            "TABLE_NAME": self._storage.table.table_name,
            "BUCKET_NAME": self._storage.bucket.bucket_name,
            "QUEUE_URL": self._queues.jobs.queue_url,
            **of_settings(self._settings),
        }

    def _room(self, construct_id: str, room: Room) -> RoomFunction:
        made = self._rooms[room.name] = RoomFunction(
            self, construct_id, room=room, settings=self._settings, values=self._values
        )
        return made

    def _interactions(self) -> InteractionsApi | GuardedApi:
        room = self._room("Interactions", INTERACTIONS)
        # Moderators query their log.
        actions = "dynamodb:GetItem,BatchGetItem,PutItem,UpdateItem,Query"
        room.allow(actions, self._storage.table.table_arn)
        self._allow_index(room, WAITING_INDEX, MEMBER_INDEX)
        room.allow("s3:GetObject", self._storage.bucket.arn_for_objects(OUTPUTS))  # to sign links
        # Without it S3 answers 403, not 404, for a picture that is not kept any more.
        room.allow("s3:ListBucket", self._storage.bucket.bucket_arn)
        room.allow("sqs:SendMessage", self._queues.jobs.queue_arn)
        if self._settings.waf:
            from infra.guarded_api import GuardedApi  # noqa: PLC0415 - seconds of the CDK, seldom

            return GuardedApi(self, "Api", function=room.live)
        return InteractionsApi(self, "Api", function=room.live, is_local=self._settings.is_local)

    def _dispatcher(self) -> None:
        room = self._room("Dispatcher", DISPATCHER)
        self._allow_jobs(room)
        room.allow("s3:PutObject", self._storage.bucket.arn_for_objects(FILES))
        self._allow_runpod(room)
        self._allow_sagemaker(room, "InvokeEndpointAsync,DescribeEndpoint")
        second_opinion.allow_text_check(self, room, self._settings)
        at_once = _LOCAL_DISPATCHERS_AT_ONCE if self._settings.is_local else _DISPATCHERS_AT_ONCE
        room.read(self._queues.jobs, at_once=at_once)

    def _followup(self) -> None:
        room = self._room("Followup", FOLLOWUP)
        self._allow_results(room)
        room.keep_failures(self._queues.dead_letters, retries=2)
        for document in ("progress.json", "result.json"):
            self._storage.bucket.add_event_notification(
                s3.EventType.OBJECT_CREATED,
                LambdaDestination(room.for_events),
                s3.NotificationKeyFilter(prefix="jobs/", suffix=f"/{document}"),
            )
        self._storage.keep_logs_of_helpers()

    def _watchdog(self) -> None:
        room = self._room("Watchdog", WATCHDOG)
        self._allow_results(room)
        self._allow_index(room, DUE_INDEX)
        room.allow("s3:PutObject", self._storage.bucket.arn_for_objects(CANCELS))
        self._allow_runpod(room)
        self._allow_sagemaker(room, "DescribeEndpoint")
        if "sagemaker" in self._settings.providers:
            failures = self._storage.bucket.arn_for_objects(f"{SAGEMAKER_FAILURES}/*")
            room.allow("s3:GetObject", failures)
        if "worker_comfyui" in self._settings.providers:  # it stores what Runpod holds
            results = (self._storage.bucket.arn_for_objects(key) for key in (OUTPUTS, RESULTS))
            room.allow("s3:PutObject", *results)
        # The next run, a minute later, is the retry.
        room.keep_failures(self._queues.dead_letters, retries=0)
        events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[LambdaFunction(room.for_events, retry_attempts=0)],
        )

    def _dead_letters(self) -> None:
        room = self._room("DeadLetters", DEAD_LETTERS)
        self._allow_results(room)
        room.read(self._queues.dead_letters)

    def _canary(self) -> None:
        room = self._room("Canary", CANARY)
        room.allow("dynamodb:PutItem", self._storage.table.table_arn)
        room.allow("sqs:SendMessage", self._queues.jobs.queue_arn)
        room.keep_failures(self._queues.dead_letters, retries=2)
        # An instance of SageMaker's that starts for one picture costs half a dollar, and it puts no
        # idle endpoint to sleep.
        if self._settings.at_runpod:
            events.Rule(
                self,
                "EveryThirdDay",
                schedule=events.Schedule.rate(Duration.days(3)),
                targets=[LambdaFunction(room.for_events)],
            )

    def _register_commands(self) -> RoomFunction:
        room = self._room("RegisterCommands", REGISTER_COMMANDS)
        self._allow_secret(room, self._settings.bot_token_secret)
        Commands(self, "Commands", room=room, settings=self._settings)
        return room

    def _tell_alarms(self) -> None:
        room = self._room("TellAlarms", TELL_ALARMS)
        self._allow_secret(room, self._settings.bot_token_secret)
        self._monitoring.alarms.topic.add_subscription(LambdaSubscription(room.live))

    def _allow_runpod(self, room: RoomFunction) -> None:
        if self._settings.at_runpod:
            self._allow_secret(room, self._settings.runpod_key_secret)

    def _allow_sagemaker(self, room: RoomFunction, actions: str) -> None:
        settings = self._settings
        if "sagemaker" in settings.providers:
            # SageMaker writes the names in its ARNs in lower case.
            name = settings.sagemaker_endpoint_name.lower()
            endpoint = self.format_arn(service="sagemaker", resource="endpoint", resource_name=name)
            room.allow(f"sagemaker:{actions}", endpoint)
        if settings.sagemaker_url:
            for service in ("SAGEMAKER", "SAGEMAKER_RUNTIME"):
                room.function.add_environment(f"AWS_ENDPOINT_URL_{service}", settings.sagemaker_url)

    def _allow_index(self, room: RoomFunction, *indexes: str) -> None:
        table = self._storage.table.table_arn
        room.allow("dynamodb:Query", *(f"{table}/index/{index}" for index in indexes))

    def _allow_jobs(self, room: RoomFunction) -> None:
        """Move and deliver jobs: what every room shares that works on jobs it did not accept."""
        table, bucket = self._storage.table.table_arn, self._storage.bucket
        # A move updates and puts in one transaction; all providers are read with one query.
        room.allow("dynamodb:GetItem,PutItem,UpdateItem,Query", table)
        self._allow_index(room, WAITING_INDEX)
        room.allow("s3:GetObject", bucket.arn_for_objects(FILES))
        # Without it S3 answers 403, not 404, for a key that is not there.
        room.allow("s3:ListBucket", bucket.bucket_arn)
        room.allow("sqs:SendMessage", self._queues.jobs.queue_arn)
        self._allow_secret(room, self._settings.bot_token_secret)

    def _allow_results(self, room: RoomFunction) -> None:
        """Take what a worker has made, too, and have it judged where the operator wants that."""
        self._allow_jobs(room)
        table = self._storage.table.table_arn
        second_opinion.allow_picture_check(room, self._settings, table)

    def _allow_secret(self, room: RoomFunction, name: str) -> None:
        """Its own key, `aws/ssm`, lets whoever may read a parameter decrypt it."""
        arn = self.format_arn(
            service="ssm", resource="parameter", resource_name=name.removeprefix("/")
        )
        room.allow("ssm:GetParameter", arn)

    def _outputs(self, api: InteractionsApi | GuardedApi) -> None:
        CfnOutput(self, "InteractionsUrl", value=api.url)
        CfnOutput(self, "TableName", value=self._storage.table.table_name)
        CfnOutput(
            self,
            "BucketName",
            value=self._storage.bucket.bucket_name,
            export_name=bucket_export(self.stack_name),
        )
        CfnOutput(self, "QueueUrl", value=self._queues.jobs.queue_url)
        CfnOutput(self, "AlarmTopic", value=self._monitoring.alarms.topic.topic_arn)

    def _accept_findings(self, registration: RoomFunction) -> None:
        resources = {
            "bucket": self._storage.bucket.node.default_child,
            "registration": registration.function.node.default_child,
        }
        accept_in(
            self,
            **{
                name: str(self.resolve(resource.logical_id))
                for name, resource in resources.items()
                if isinstance(resource, CfnElement)
            },
        )
