"""The files of the channel: what is kept, and what a message shows after it was edited.

Files lie in a scratch folder that ends with the server. Only pictures are served as what they are;
everything else is a download, because this server's pages share its origin with members' files.
"""

import io
import mimetypes
import re
import tempfile
from pathlib import Path

from aiohttp import web
from PIL import Image, UnidentifiedImageError

from local.discord.payload import Payload, Upload
from local.discord.rate_limits import Clock
from local.discord.refusals import Json, Problem, invalid_form, too_many_attachments
from local.discord.settings import DiscordSettings
from local.discord.snowflake import snowflake

MOST_FILES = 10
IS_SPOILER = 1 << 3
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
UNSAFE_IN_A_NAME = re.compile(r"[^\w.\-]+")


class Attachments:
    """Keeps uploaded files and describes them as Discord does."""

    def __init__(self, settings: DiscordSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._scratch = tempfile.TemporaryDirectory(prefix="distillery-discord-")
        self._folder = Path(self._scratch.name)
        self._known: dict[str, Json] = {}

    def close(self) -> None:
        """Remove every file."""
        self._scratch.cleanup()

    def add(self, upload: Upload, *, ephemeral: bool = False) -> Json:
        """Keep one file and return its attachment object."""
        identity = snowflake(self._clock())
        name = UNSAFE_IN_A_NAME.sub("_", upload.filename).lstrip(".") or "file"
        (self._folder / identity).write_bytes(upload.data)
        url = f"{self._settings.public_url}/attachments/{self._settings.channel_id}"
        described: Json = {
            "id": identity,
            "filename": name,
            "size": len(upload.data),
            "url": f"{url}/{identity}/{name}",
            "proxy_url": f"{url}/{identity}/{name}",
            "content_type": mimetypes.guess_type(name)[0] or upload.content_type,
            **_picture_size(upload.data),
        }
        if name.startswith("SPOILER_"):
            described["flags"] = IS_SPOILER
        if ephemeral:
            described["ephemeral"] = True
        self._known[identity] = described
        return described

    def find(self, identity: str) -> Json | None:
        """Return the attachment object of a kept file."""
        return self._known.get(identity)

    def keep(self, identities: list[str]) -> list[Json]:
        """Return the objects of uploads that a member posts, as files of the message.

        Raises:
            ValueError: there is no such upload.
        """
        for identity in identities:
            if identity not in self._known:
                raise ValueError(f"upload the file first; {identity!r} is no known upload")
            self._known[identity].pop("ephemeral", None)
        return [self._known[identity] for identity in identities]

    def forget(self, attachments: list[Json]) -> None:
        """Drop files that no message shows any more."""
        for attachment in attachments:
            self._known.pop(attachment["id"], None)
            (self._folder / attachment["id"]).unlink(missing_ok=True)

    def after(self, present: list[Json], payload: Payload) -> list[Json]:
        """Return what a message shows after `payload`, keeping the new files.

        With `attachments` in the payload, that list names everything to retain and everything new;
        without it new files are appended to those present (Discord, "Edit Message").

        Raises:
            Refusal: 30015 above ten files; 50035 for an id that is neither present nor a new file,
                and for a file that the list leaves out.
        """
        if "attachments" not in payload.json:
            self._check_count(len(present) + len(payload.files))
            return present + [self.add(upload) for _, upload in sorted(payload.files.items())]
        listed = payload.json["attachments"] or []
        self._check_count(len(listed))
        _check_listed(listed, present, payload.files)
        kept = {attachment["id"]: attachment for attachment in present}
        return [self._listed(entry, kept, payload.files) for entry in listed]

    def serve(self, identity: str, filename: str) -> web.StreamResponse:
        """Answer a download as the CDN would."""
        described = self._known.get(identity)
        if described is None or described["filename"] != filename:
            raise web.HTTPNotFound(text="This content is no longer available.")
        inline = described["content_type"] in SHOWN_INLINE
        content_type = described["content_type"] if inline else "application/octet-stream"
        headers = {
            "Content-Type": content_type,
            "Content-Disposition": "inline" if inline else f'attachment; filename="{filename}"',
            "Cache-Control": "private, max-age=3600",
            "X-Content-Type-Options": "nosniff",
        }
        return web.FileResponse(self._folder / identity, headers=headers)

    def _listed(self, entry: Json, kept: dict[str, Json], files: dict[int, Upload]) -> Json:
        found = kept.get(entry["id"]) or self.add(_renamed(entry, files[int(entry["id"])]))
        if entry.get("description"):
            found["description"] = entry["description"]
        if entry.get("is_spoiler"):
            found["flags"] = found.get("flags", 0) | IS_SPOILER
        return found

    def _check_count(self, count: int) -> None:
        if count > MOST_FILES:
            raise too_many_attachments(MOST_FILES)


def _check_listed(listed: list[Json], present: list[Json], files: dict[int, Upload]) -> None:
    known = {attachment["id"] for attachment in present} | {str(number) for number in files}
    problems = [
        Problem(f"attachments.{index}.id", f"{entry.get('id')!r} is neither present nor uploaded")
        for index, entry in enumerate(listed)
        if entry.get("id") not in known
    ]
    named = {entry.get("id") for entry in listed}
    problems += [
        Problem(f"files[{number}]", "uploaded, but not listed in attachments")
        for number in files
        if str(number) not in named
    ]
    if problems:
        raise invalid_form(*problems)


def _renamed(entry: Json, upload: Upload) -> Upload:
    return Upload(entry.get("filename") or upload.filename, upload.content_type, upload.data)


def _picture_size(data: bytes) -> Json:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return {"width": picture.width, "height": picture.height}
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return {}
