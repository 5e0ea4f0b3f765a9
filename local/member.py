"""A member of the local Discord: uses commands, waits for the answer and keeps the pictures."""

from __future__ import annotations

import hashlib
import mimetypes
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests

POLL_S = 0.1
GIVE_UP_AFTER_S = 180.0
FINAL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")


class Refused(Exception):
    """The application answered at once, and the answer was no. The text is what a member sees."""


@dataclass(frozen=True, slots=True)
class SavedPicture:
    """One picture of the answer, as it was saved."""

    path: Path
    content_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Served:
    """The end of one request. Times are seconds since it was sent, by stage."""

    job_id: str
    state: str
    content: str
    provider: str | None
    attempts: int
    pictures: tuple[SavedPicture, ...]
    stages: Mapping[str, float]

    @property
    def added_s(self) -> float:
        """What the service added around the image engine's own time."""
        return self.stages["answered"] - self.stages["engine"]

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        document = asdict(self)
        for picture in document["pictures"]:
            picture["path"] = str(picture["path"])
        return document | {"pictures": list(document["pictures"]), "added_s": self.added_s}


class LocalMember:
    """Plays one member, by what `.local/state.json` says about the local cloud."""

    def __init__(self, state: Mapping[str, Any], name: str = "juniper") -> None:
        self._state = state
        self._name = name
        self._http = requests.Session()

    def serve(
        self,
        prompt: str,
        options: Mapping[str, str],
        out: Path,
        on_change: Callable[[str], None] = lambda content: None,
    ) -> Served:
        """Use `/serve` and follow its message to the end.

        An option that names a file is attached. `on_change` is told each new text of the message.
        Raises Refused when the application says no, TimeoutError when no answer comes.
        """
        command = self._command("serve")
        sent_at = time.time()
        answer = self._use("serve", {"prompt": prompt, **self._attached(command, options)})
        acknowledged_s = time.time() - sent_at
        reply = answer.get("answer")
        if not reply or reply.get("type") != 5:  # noqa: PLR2004 - deferred
            raise Refused(_words(answer))
        job = self._follow(answer["interaction_id"], answer["token"], on_change)
        message = self._message(answer["token"])
        return Served(
            job_id=job["job_id"],
            state=job["state"],
            content=words_of(message),
            provider=job.get("provider"),
            attempts=job["attempt"],
            pictures=tuple(self._save(a, out, job["job_id"]) for a in message["attachments"]),
            stages=_stages(job, sent_at, acknowledged_s),
        )

    def ask(self, command: str, options: Mapping[str, str]) -> str:
        """Use a command that is answered at once, and return its text with the links below it.

        An option that names a file is attached. Raises Refused when no such answer comes.
        """
        answer = self._use(command, self._attached(self._command(command), options))
        if answer["problems"] or (answer.get("answer") or {}).get("type") != 4:  # noqa: PLR2004
            raise Refused(_words(answer))
        return _words(answer)

    def _use(self, command: str, options: Mapping[str, str]) -> dict[str, Any]:
        used = {"member": self._name, "command": command, "options": dict(options)}
        return self._post("/control/commands", used)

    def _command(self, name: str) -> Mapping[str, Any]:
        url = f"{self._state['discord_url']}/control/commands"
        commands = self._http.get(url, timeout=10).json()
        return next(c for c in commands if (c["name"], c["type"]) == (name, 1))

    def _attached(self, command: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, str]:
        """Upload the files that attachment options name; return the options as Discord has them."""
        files = {o["name"] for o in command.get("options", ()) if o["type"] == 11}  # noqa: PLR2004
        return {
            name: self._upload(Path(value)) if name in files else value
            for name, value in options.items()
        }

    def _upload(self, path: Path) -> str:
        if not path.is_file():
            raise Refused(f"there is no file {path} to attach")
        content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        answer = self._http.post(
            f"{self._state['discord_url']}/control/attachments",
            files={"file": (path.name, path.read_bytes(), content_type)},
            timeout=30,
        )
        if not answer.ok:
            raise Refused(str(answer.json().get("message", answer.text)))
        return str(answer.json()["id"])

    def _follow(self, job_id: str, token: str, on_change: Callable[[str], None]) -> dict[str, Any]:
        shown = ""
        deadline = time.monotonic() + GIVE_UP_AFTER_S
        while time.monotonic() < deadline:
            job = self._job(job_id)
            content = words_of(self._message(token))
            if content and content != shown:
                shown = content
                on_change(content)
            if job is not None and job["state"] in FINAL_STATES:
                return job
            time.sleep(POLL_S)
        raise TimeoutError(f"job {job_id} had no answer after {GIVE_UP_AFTER_S:.0f} s")

    def _job(self, job_id: str) -> dict[str, Any] | None:
        jobs = self._http.get(f"{self._state['control_url']}/jobs", timeout=10).json()
        return next((job for job in jobs if job["job_id"] == job_id), None)

    def _message(self, token: str) -> dict[str, Any]:
        application = self._state["application_id"]
        path = f"/api/v10/webhooks/{application}/{token}/messages/@original"
        answer = self._http.get(self._state["discord_url"] + path, timeout=10)
        answer.raise_for_status()
        message: dict[str, Any] = answer.json()
        return message

    def _save(self, attachment: Mapping[str, Any], out: Path, job_id: str) -> SavedPicture:
        data = self._http.get(attachment["url"], timeout=30).content
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{job_id}_{attachment['filename']}"
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return SavedPicture(path, attachment["content_type"], len(data), digest)

    def _post(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._http.post(self._state["discord_url"] + path, json=document, timeout=10)
        body: dict[str, Any] = answer.json()
        if not answer.ok:
            raise Refused(str(body.get("message", body)))
        return body


def words_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message: its content, or that of its text components, a line each."""
    return message.get("content") or "\n".join(_texts(message.get("components") or []))


def _texts(components: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for component in components:
        if component["type"] == 10:  # noqa: PLR2004 - text display
            yield component["content"]
        yield from _texts(component.get("components") or [])


def _words(answer: Mapping[str, Any]) -> str:
    """What the member sees when the answer is not a deferred one."""
    data = (answer.get("answer") or {}).get("data") or {}
    content = words_of(data) or f"The application did not respond (HTTP {answer.get('status')})"
    links = [f"{e['title']}: {e.get('url') or e['description']}" for e in data.get("embeds", [])]
    return "\n".join([content, *links])


def _stages(job: Mapping[str, Any], sent_at: float, acknowledged_s: float) -> dict[str, float]:
    """Seconds from sending to each stage; `engine` alone is a duration."""
    times = job["times"]
    stages = {"acknowledged": acknowledged_s}
    names = {
        "dispatched": "dispatched",
        "submitted": "submitted",
        "started": "first_progress",
        "concluded": "finished",
        "delivered": "answered",
    }
    stages |= {name: times[stage] - sent_at for stage, name in names.items() if stage in times}
    engine_s = job.get("engine_s") or 0.0
    return {name: round(value, 3) for name, value in (stages | {"engine": engine_s}).items()}
