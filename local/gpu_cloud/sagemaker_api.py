"""The two calls of SageMaker that the service makes: InvokeEndpointAsync and DescribeEndpoint.

Shapes and limits are those of botocore's service models `sagemaker-runtime` and `sagemaker`.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.gpu_cloud.aws_error import AwsError
from local.gpu_cloud.faults import FaultMode, Provider
from local.gpu_cloud.object_store import ObjectStoreError
from local.gpu_cloud.reply import drop_connection
from local.gpu_cloud.sagemaker_queue import DEFAULT_TIMEOUT_S, DEFAULT_TTL_S, Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler

    from local.gpu_cloud.sagemaker_endpoint import SageMakerEndpoint
    from local.gpu_cloud.submissions import Submissions

INLINE_LIMIT_BYTES = 128_000
_TTL_S = (60, 21_600)
_TIMEOUT_S = (1, 3_600)
_HEADER = "X-Amzn-SageMaker-"
_INFERENCE_ID = re.compile(r"[!-~][ -~]{0,63}")
_INPUT_LOCATION = re.compile(r"s3://[^/]+/.+")
_ACCOUNT = "000000000000"


class SageMakerApi:
    """Routes of both services; the client's endpoint URL is this server's root."""

    def __init__(
        self, endpoint: SageMakerEndpoint, submissions: Submissions, clock: Callable[[], float]
    ) -> None:
        self._endpoint = endpoint
        self._submissions = submissions
        self._clock = clock
        self._created_at = clock()

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.post("/endpoints/{name}/async-invocations", self._guarded(self._invoke_async)),
            web.post("/", self._guarded(self._control)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._admit(request)
                return await handler(request)
            except AwsError as error:
                return error.response()

        return guarded

    def _admit(self, request: web.Request) -> None:
        if self._endpoint.fault.mode is FaultMode.DOWN:
            raise AwsError(503, "ServiceUnavailable", "the service is unavailable; try again")
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            raise AwsError(403, "MissingAuthenticationToken", "the request is not signed")

    async def _invoke_async(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name != self._endpoint.settings.endpoint_name:
            text = f"Endpoint {name} of account {_ACCOUNT} not found."
            raise AwsError(400, "ValidationError", text)
        invocation = self._read(request, await request.read())
        self._endpoint.submit(invocation)
        mode = self._endpoint.fault.mode
        envelope = await self._envelope(invocation)
        self._submissions.record(Provider.SAGEMAKER, invocation.inference_id, envelope, mode)
        if mode is FaultMode.LOST_REPLY:
            return drop_connection(request)
        store = self._endpoint.store
        headers = {
            f"{_HEADER}OutputLocation": store.output_location(invocation.inference_id),
            f"{_HEADER}FailureLocation": store.failure_location(invocation.inference_id),
        }
        answer = {"InferenceId": invocation.inference_id}
        return web.json_response(answer, status=202, headers=headers)

    def _read(self, request: web.Request, body: bytes) -> Invocation:
        header = request.headers.get
        location = header(f"{_HEADER}InputLocation")
        if (location is None) == (not body):
            raise _invalid("provide exactly one of Body and InputLocation")
        if len(body) > INLINE_LIMIT_BYTES:
            raise _invalid(f"Body must be at most {INLINE_LIMIT_BYTES} bytes")
        if location is not None and not _INPUT_LOCATION.fullmatch(location):
            raise _invalid("InputLocation must be s3://bucket/key")
        inference_id = header(f"{_HEADER}Inference-Id", str(uuid.uuid4()))
        if not _INFERENCE_ID.fullmatch(inference_id):
            raise _invalid("InferenceId must be 1 to 64 printable characters")
        double = self._endpoint.fault.mode is FaultMode.DOUBLE_RUN
        return Invocation(
            inference_id=inference_id,
            submitted_at=self._clock(),
            body=body,
            input_location=location,
            content_type=header(f"{_HEADER}Content-Type", "application/json"),
            accept=header(f"{_HEADER}Accept", "application/json"),
            ttl_s=_seconds(request, "RequestTTLSeconds", _TTL_S, DEFAULT_TTL_S),
            timeout_s=_seconds(request, "InvocationTimeoutSeconds", _TIMEOUT_S, DEFAULT_TIMEOUT_S),
            runs=2 if double else 1,
        )

    async def _envelope(self, invocation: Invocation) -> bytes:
        """Read the payload for the ledger; the real service reads it only when it runs."""
        if invocation.input_location is None:
            return invocation.body
        try:
            return await self._endpoint.store.read(invocation.input_location)
        except ObjectStoreError:
            return b""

    async def _control(self, request: web.Request) -> web.StreamResponse:
        action = request.headers.get("X-Amz-Target", "").removeprefix("SageMaker.")
        if action != "DescribeEndpoint":
            text = f"the local SageMaker knows DescribeEndpoint, not {action!r}"
            raise AwsError(400, "UnknownOperationException", text)
        name = json.loads(await request.read() or b"{}").get("EndpointName")
        arn = f"arn:aws:sagemaker:{self._endpoint.settings.region}:{_ACCOUNT}:endpoint/{name}"
        if name != self._endpoint.settings.endpoint_name:
            raise AwsError(400, "ValidationException", f'Could not find endpoint "{arn}".')
        return web.json_response(self._description(name, arn))

    def _description(self, name: str, arn: str) -> dict[str, Any]:
        current, desired = self._endpoint.instances()
        return {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": name,
            "EndpointStatus": "InService",
            "CreationTime": self._created_at,
            "LastModifiedTime": self._created_at,
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "CurrentInstanceCount": current,
                    "DesiredInstanceCount": desired,
                }
            ],
        }


def _invalid(message: str) -> AwsError:
    return AwsError(400, "ValidationError", message)


def _seconds(request: web.Request, name: str, bounds: tuple[int, int], default: int) -> int:
    text = request.headers.get(f"{_HEADER}{name}", str(default))
    if not text.isdecimal() or not bounds[0] <= int(text) <= bounds[1]:
        raise _invalid(f"{name} must be between {bounds[0]} and {bounds[1]} seconds")
    return int(text)
