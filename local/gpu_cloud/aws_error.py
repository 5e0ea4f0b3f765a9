"""An error as AWS's JSON protocols carry it."""

from __future__ import annotations

import uuid

from aiohttp import web


class AwsError(Exception):
    """What AWS answers to a call it does not follow: a status, a code and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        """Give the answer in a shape that both of botocore's JSON protocols read."""
        body = {"__type": self.code, "Message": str(self), "message": str(self)}
        headers = {"x-amzn-ErrorType": self.code, "x-amzn-RequestId": str(uuid.uuid4())}
        return web.json_response(body, status=self.status, headers=headers)
