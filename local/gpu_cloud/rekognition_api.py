"""The one call of Amazon Rekognition that the service makes: DetectModerationLabels.

The shape is that of botocore's service model `rekognition`. Nobody looks at a picture here: a
switch says what is found in all of them.
"""

from __future__ import annotations

import json
from enum import StrEnum

from aiohttp import web

from local.gpu_cloud.aws_error import AwsError

FINDING = "Explicit"
_ACTION = "RekognitionService.DetectModerationLabels"


class Judgement(StrEnum):
    """What comes of every picture."""

    FIT = "fit"
    UNFIT = "unfit"
    SILENT = "silent"  # no answer but an error


class RekognitionApi:
    """Rekognition under `/rekognition`, and its switch under `/control/judge`."""

    def __init__(self) -> None:
        self._judgement = Judgement.FIT

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.post("/rekognition", self._detect),
            web.get("/control/judge", self._show),
            web.post("/control/judge", self._switch),
        ]

    async def _detect(self, request: web.Request) -> web.Response:
        try:
            return web.json_response(self._answer(request, await request.read()))
        except AwsError as error:
            return error.response()

    def _answer(self, request: web.Request, body: bytes) -> dict[str, object]:
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            raise AwsError(403, "MissingAuthenticationToken", "the request is not signed")
        if request.headers.get("X-Amz-Target") != _ACTION:
            raise AwsError(400, "UnknownOperationException", f"only {_ACTION} is known here")
        place = json.loads(body or b"{}").get("Image", {}).get("S3Object", {})
        if not {"Bucket", "Name"} <= set(place):
            raise AwsError(400, "InvalidParameterException", "Image.S3Object names no object")
        if self._judgement is Judgement.SILENT:
            raise AwsError(500, "InternalServerError", "the service is unavailable; try again")
        label = {"Name": FINDING, "ParentName": "", "Confidence": 99.0, "TaxonomyLevel": 1}
        labels = [label] if self._judgement is Judgement.UNFIT else []
        return {"ModerationLabels": labels, "ModerationModelVersion": "7.0", "ContentTypes": []}

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response({"pictures": self._judgement})

    async def _switch(self, request: web.Request) -> web.Response:
        try:
            self._judgement = Judgement((await request.json())["pictures"])
        except (ValueError, KeyError, TypeError):
            choices = ", ".join(Judgement)
            text = f'send an object: {{"pictures": one of {choices}}}'
            return web.json_response({"error": text}, status=400)
        return await self._show(request)
