"""Reads what a client sends: JSON, or multipart with `payload_json` and `files[n]`."""

import json
import re
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, web

from local.discord.refusals import Json, Problem, invalid_form, not_json, too_large
from local.discord.settings import REQUEST_LIMIT

FILE_FIELD = re.compile(r"files\[(\d+)\]")
CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a request."""

    filename: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """One request: its JSON, and its files by the number in `files[n]`."""

    json: Json
    files: dict[int, Upload] = field(default_factory=dict)


async def read_payload(request: web.Request, file_limit: int) -> Payload:
    """Read a message payload.

    Raises:
        Refusal: 40005 above 25 MiB or with a file above `file_limit` bytes, 50109 for bad JSON,
            50035 for a form field that Discord does not know.
    """
    if (request.content_length or 0) > REQUEST_LIMIT:
        raise too_large()
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, file_limit)
    return Payload(await read_object(request))


async def read_object(request: web.Request) -> Json:
    """Read a JSON object, or refuse with 50109."""
    value = await read_json(request)
    if not isinstance(value, dict):
        raise not_json()
    return value


async def read_json(request: web.Request) -> object:
    """Read any JSON value sent as application/json, or refuse with 50109."""
    if request.content_type != "application/json":
        raise not_json()
    return _parse(await request.read())


async def _read_multipart(request: web.Request, file_limit: int) -> Payload:
    document: Json = {}
    files: dict[int, Upload] = {}
    left = REQUEST_LIMIT
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise invalid_form(Problem("", "nested multipart is not supported"))
        name = part.name or ""
        data = await _read_part(part, left)
        left -= len(data)
        number = FILE_FIELD.fullmatch(name)
        if name == "payload_json":
            document = _object(_parse(data))
        elif number and part.filename:
            files[int(number[1])] = _upload(part, data, file_limit)
        else:
            raise invalid_form(Problem(name, "unknown form field; send payload_json and files[n]"))
    return Payload(document, files)


async def _read_part(part: BodyPartReader, limit: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > limit:
            raise too_large()
    return bytes(data)


def _upload(part: BodyPartReader, data: bytes, limit: int) -> Upload:
    if len(data) > limit:
        raise too_large()
    content_type = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(part.filename or "file", content_type, data)


def _parse(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError as error:
        raise not_json() from error


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise not_json()
    return value
