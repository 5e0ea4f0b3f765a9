"""What a call of AWS needs a grant for: the IAM actions, and the ARNs of what they are done to.

Source: AWS, "Service Authorization Reference", for the services that the rooms call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from local.aws import REGION

ACCOUNT = "000000000000"
_SIGNED_BY = re.compile(r"Credential=(\w+)/")
_FORM_SIGNED_BY = re.compile(rb'name="x-amz-credential"\r\n\r\n(\w+)/', re.IGNORECASE)
_FORM_KEY = re.compile(rb'name="key"\r\n\r\n(.+?)\r\n', re.IGNORECASE)
_INVOKED = re.compile(r"/endpoints/([^/]+)/async-invocations")
_CALLED = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_OBJECT_ACTIONS = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject"}
_IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_NOT_FOUND = 404

Need = tuple[str, str]
"""An action such as `dynamodb:GetItem`, and an ARN."""


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came over the line, and the status of its answer."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the address."""
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    @property
    def signer(self) -> str:
        """The access key that signed it: its header, its address or its form. Empty: nobody."""
        in_form = _FORM_SIGNED_BY.search(self.body)
        signed = self.query.get("X-Amz-Credential", [""])[0]
        in_header = _SIGNED_BY.search(self.headers.get("Authorization", f"Credential={signed}"))
        return in_form[1].decode() if in_form else in_header[1] if in_header else ""


def needs(request: Request) -> set[Need]:
    """Return what must be granted to whoever signed it; of an unknown call, that it is one."""
    path = urlsplit(request.path).path
    if invoked := _INVOKED.fullmatch(path):
        return {("sagemaker:InvokeEndpointAsync", _endpoint(invoked[1]))}
    if called := _CALLED.fullmatch(path):
        return {("lambda:InvokeFunction", unquote(called[1]))}
    if "X-Amz-Target" in request.headers:
        return set(_of_json(request.headers["X-Amz-Target"], json.loads(request.body)))
    return set(_of_objects(request))


def _of_json(target: str, said: Mapping[str, Any]) -> Iterator[Need]:
    service, _, name = target.partition(".")
    match service.partition("_")[0]:
        case "DynamoDB":
            yield from _of_items(name, said)
        case "AmazonSQS":
            queue = said["QueueUrl"].rpartition("/")[2]
            yield f"sqs:{name}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
        case "AmazonSSM":
            parameter = said["Name"].removeprefix("/")
            yield f"ssm:{name}", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{parameter}"
        case "RekognitionService":
            yield f"rekognition:{name}", "*"  # which has no resources to name
        case "SageMaker":
            yield f"sagemaker:{name}", _endpoint(said["EndpointName"])
        case _:
            yield "unknown", target


def _of_items(name: str, said: Mapping[str, Any]) -> Iterator[Need]:
    if name == "TransactWriteItems":
        for item in said["TransactItems"]:
            for kind, what in item.items():
                yield f"dynamodb:{_IN_TRANSACTIONS[kind]}", _table(what["TableName"])
    elif name == "BatchGetItem":
        for table in said["RequestItems"]:
            yield f"dynamodb:{name}", _table(table)
    else:
        index = f"/index/{said['IndexName']}" if "IndexName" in said else ""
        yield f"dynamodb:{name}", _table(said["TableName"]) + index


def _of_objects(request: Request) -> Iterator[Need]:
    bucket, _, key = unquote(urlsplit(request.path).path).strip("/").partition("/")
    if request.method == "POST" and (posted := _FORM_KEY.search(request.body)):
        yield "s3:PutObject", f"arn:aws:s3:::{bucket}/{posted[1].decode()}"
    elif key and request.method in _OBJECT_ACTIONS:
        yield f"s3:{_OBJECT_ACTIONS[request.method]}", f"arn:aws:s3:::{bucket}/{key}"
        if request.status == _NOT_FOUND:  # else S3 does not say so, but 403
            yield "s3:ListBucket", f"arn:aws:s3:::{bucket}"
    elif "notification" in request.query:
        name = {"PUT": "PutBucketNotification", "GET": "GetBucketNotification"}[request.method]
        yield f"s3:{name}", f"arn:aws:s3:::{bucket}"
    else:
        yield "unknown", f"{request.method} {request.path}"


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"


def _endpoint(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name.lower()}"
