"""Uploads into the engine's folders and downloads out of them."""

from __future__ import annotations

import io
import json
import mimetypes
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web
from PIL import Image

from local.engine.folders import KINDS, Folders, OutsideFolderError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def file_routes(folders: Folders) -> list[web.RouteDef]:
    """Return the routes `/view`, `/upload/image` and `/upload/mask`."""

    async def view(request: web.Request) -> web.StreamResponse:
        path = _path_to_view(folders, request.query)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        headers = {"Content-Type": kind, "Content-Disposition": f'filename="{path.name}"'}
        return web.FileResponse(path, headers=headers)

    async def upload_image(request: web.Request) -> web.Response:
        form = await request.post()
        image = _uploaded(form)
        return _stored(folders, form, image.filename, image.file.read())

    async def upload_mask(request: web.Request) -> web.Response:
        form = await request.post()
        image = _uploaded(form)
        masked = _with_alpha_of(_original(folders, form), image.file.read())
        return _stored(folders, form, image.filename, masked)

    return [
        web.get("/view", view),
        web.post("/upload/image", upload_image),
        web.post("/upload/mask", upload_mask),
    ]


def _path_to_view(folders: Folders, query: Mapping[str, str]) -> Path:
    filename, kind = query.get("filename", ""), query.get("type", "output")
    if not filename:
        raise web.HTTPNotFound(text="")
    if filename.startswith("/") or ".." in filename or kind not in KINDS:
        raise web.HTTPBadRequest(text="")
    try:
        path = folders.locate(kind, query.get("subfolder", ""), filename)
    except OutsideFolderError as outside:
        raise web.HTTPForbidden(text="") from outside
    if not path.is_file():
        raise web.HTTPNotFound(text="")
    return path


def _uploaded(form: Mapping[str, object]) -> web.FileField:
    image = form.get("image")
    if not isinstance(image, web.FileField) or not image.filename:
        raise web.HTTPBadRequest(text="")
    return image


def _stored(
    folders: Folders,
    form: Mapping[str, object],
    filename: str,
    content: bytes,
) -> web.Response:
    kind, subfolder = str(form.get("type", "input")), str(form.get("subfolder", ""))
    overwrite = str(form.get("overwrite", "")).lower() in {"true", "1"}
    if kind not in KINDS:
        kind = "input"
    try:
        saved = folders.store_upload(kind, subfolder, filename, content, overwrite=overwrite)
    except OutsideFolderError as outside:
        raise web.HTTPBadRequest(text="") from outside
    shown = asdict(saved)
    return web.json_response({"name": shown.pop("filename"), **shown})


def _original(folders: Folders, form: Mapping[str, object]) -> Path:
    """Return the picture that a mask is for: the field `original_ref` names it in JSON."""
    try:
        reference = json.loads(str(form.get("original_ref", "")))
        filename = str(reference["filename"])
        kind, subfolder = reference.get("type", "output"), reference.get("subfolder", "")
        path = folders.locate(kind, subfolder, filename)
    except (ValueError, KeyError, AttributeError, TypeError) as wrong:
        raise web.HTTPBadRequest(text="") from wrong
    if kind not in KINDS or not path.is_file():
        raise web.HTTPBadRequest(text="")
    return path


def _with_alpha_of(original: Path, mask: bytes) -> bytes:
    with Image.open(original) as picture, Image.open(io.BytesIO(mask)) as drawn:
        result = picture.convert("RGBA")
        result.putalpha(drawn.convert("RGBA").getchannel("A").resize(result.size))
    buffer = io.BytesIO()
    result.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()
