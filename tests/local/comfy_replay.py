"""Puts the calls of the recordings to an engine and writes down its answers in their shape."""

import copy
import io
import json
import struct
import uuid
from typing import Any

import requests
import websocket
from PIL import Image

from tests.engine_under_test import PATIENCE_S
from tests.local.comfy_contract import PREVIEW, PREVIEW_WITH_METADATA
from tests.local.comfy_questions import (
    BAD_PROMPTS,
    CHECKPOINT,
    FIRST_RUNS,
    LATER_RUNS,
    MORE_BAD_PROMPTS,
    MORE_RUNS,
    text_to_image,
)

FLAGS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}


class Listener:
    """One websocket."""

    def __init__(self, url: str, client_id: str) -> None:
        address = f"{url.replace('http', 'ws', 1)}/ws?clientId={client_id}"
        self.socket = websocket.create_connection(address, timeout=PATIENCE_S)

    def hear(self) -> dict[str, Any]:
        """Return the next message in the shape of the recordings."""
        message = self.socket.recv()
        if isinstance(message, str):
            return {"text": json.loads(message)}
        return {"binary": _binary(message)}

    def hear_until(self, kind: str, **data: Any) -> list[dict[str, Any]]:
        """Return all messages up to one of this type that holds these data."""
        heard = [self.hear()]
        while not _matches(heard[-1], kind, data):
            heard.append(self.hear())
        return heard

    def close(self) -> None:
        self.socket.close()


def _matches(event: dict[str, Any], kind: str, data: dict[str, Any]) -> bool:
    text = event.get("text", {"type": None, "data": {}})
    return text["type"] == kind and data.items() <= text["data"].items()


def _binary(message: bytes) -> dict[str, Any]:
    kind, second = struct.unpack(">II", message[:8])
    if kind == PREVIEW:
        picture, facts = message[8:], {"image_type": second}
    else:
        assert kind == PREVIEW_WITH_METADATA
        picture, facts = message[8 + second :], {"metadata": json.loads(message[8 : 8 + second])}
    Image.open(io.BytesIO(picture)).verify()
    return {"event_type": kind, **facts}


class Replay:
    """The calls of all recordings, in their order, put to the engine at `url`."""

    def __init__(self, url: str, checkpoint: str) -> None:
        self.answers: dict[str, Any] = {"prompt_errors": {}}
        self._url = url
        self._checkpoint = checkpoint
        self._upload_name = f"contract-{uuid.uuid4().hex}.png"
        self._http = requests.Session()

    def all(self) -> dict[str, Any]:
        """Make every call; return the answers by the name of the recording."""
        self._call("POST", "/free", {"unload_models": True, "free_memory": True})
        self._uploads()
        for name, body in FIRST_RUNS.items():
            self.answers[name] = self._run(name, body)
        self._bad_prompts()
        for name, body in LATER_RUNS.items():
            if name != "run_execution_error" or self._offers_a_corrupt_checkpoint():
                self.answers[name] = self._run(name, body)
        self.answers["queue_delete_reconnect"] = self._delete_and_reconnect()
        self._plain_calls()
        self.answers["more_prompt_errors"] = {
            name: self._call("POST", "/prompt", self._mine(body))
            for name, body in MORE_BAD_PROMPTS.items()
        }
        self.answers["more_runs"] = {
            name: self._run(name, body) for name, body in MORE_RUNS.items()
        }
        self._http.close()
        return self.answers

    def _call(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        address = f"{self._url}{path}"
        response = self._http.request(method, address, json=body, timeout=PATIENCE_S, **more)
        kind = response.headers.get("Content-Type", "") if response.content else ""
        is_text = kind.startswith("text/") or not response.content
        content: Any = response.text if is_text else f"<{len(response.content)} bytes>"
        if kind.startswith("application/json"):
            content = response.json()
        return {"response": {"status": response.status_code, "content_type": kind, "body": content}}

    def _mine(self, body: Any) -> Any:
        """Put the names of this replay into a body."""
        text = json.dumps(body).replace(CHECKPOINT, self._checkpoint)
        return json.loads(text.replace("in.png", self._upload_name))

    def _run(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        client_id = uuid.uuid4().hex
        listener = Listener(self._url, client_id)
        heard = [listener.hear()]
        if name.endswith("feature_flags"):
            listener.socket.send(json.dumps(FLAGS))
            heard.append(listener.hear())
        mine = self._mine(body) | {"client_id": client_id}
        if "prompt_id" in mine:
            mine["prompt_id"] = str(uuid.uuid4())
        answer: dict[str, Any] = {"prompt_call": self._call("POST", "/prompt", mine)}
        prompt_id = answer["prompt_call"]["response"]["body"]["prompt_id"]
        assert prompt_id == mine.get("prompt_id", prompt_id)
        if name.startswith("run_interrupt"):
            heard += self._interrupt(listener, name, prompt_id)
        heard += listener.hear_until("executing", node=None)
        listener.close()
        answer["websocket"] = heard
        answer["history_call"] = self._call("GET", f"/history/{prompt_id}")
        return answer

    def _interrupt(self, listener: Listener, name: str, prompt_id: str) -> list[dict[str, Any]]:
        heard = listener.hear_until("progress", value=3)
        if name == "run_interrupted":
            calls = [self._call("POST", "/interrupt", {})]
        else:
            calls = [self._call("POST", "/interrupt", {"prompt_id": "not-the-running-one"})]
            heard += listener.hear_until("progress", value=5)
            calls.append(self._call("POST", "/interrupt", {"prompt_id": prompt_id}))
        assert {call["response"]["status"] for call in calls} == {200}
        return heard

    def _bad_prompts(self) -> None:
        listener = Listener(self._url, uuid.uuid4().hex)
        listener.hear()
        for name, body in BAD_PROMPTS.items():
            if body is None:
                call = self._call("POST", "/prompt", data=b"not json")
            else:
                call = self._call("POST", "/prompt", self._mine(body))
            self.answers["prompt_errors"][name] = call
        idle = {"status": {"exec_info": {"queue_remaining": 0}}}
        listener.hear_until("status", **idle)
        listener.close()

    def _delete_and_reconnect(self) -> dict[str, Any]:
        client_id = uuid.uuid4().hex
        listener = Listener(self._url, client_id)
        answer: dict[str, Any] = {}
        for name, seed in (("first", 14), ("second", 15)):
            body = self._mine({"prompt": text_to_image(seed, steps=40)})
            answer[name] = self._call("POST", "/prompt", body | {"client_id": client_id})
        listener.hear_until("progress", value=1)
        listener.close()
        second = answer["second"]["response"]["body"]["prompt_id"]
        answer["queue_while_running"] = self._call("GET", "/queue")
        answer["delete_pending"] = self._call("POST", "/queue", {"delete": [second]})
        answer["queue_after_delete"] = self._call("GET", "/queue")
        for name, of in (("history_of_deleted", "second"), ("history_of_running", "first")):
            prompt_id = answer[of]["response"]["body"]["prompt_id"]
            answer[name] = self._call("GET", f"/history/{prompt_id}")
        again = Listener(self._url, client_id)
        heard = again.hear_until("executing", node=None)
        again.close()
        answer["websocket_connected_while_running_same_client_id"] = heard
        answer["last_events"] = heard[-6:]
        return answer

    def _uploads(self) -> None:
        first, other = _png(64), _png(48)
        uploads: dict[str, tuple[bytes, dict[str, str], str]] = {
            "first": (first, {}, "in.png"),
            "same_again": (first, {}, "in.png"),
            "subfolder": (first, {"subfolder": "job1"}, "in.png"),
            "overwrite": (other, {"overwrite": "true"}, "in.png"),
            "traversal": (first, {"overwrite": "true"}, "..%2Fevil.png"),
            "traversal_sub": (first, {"subfolder": "../.."}, "in.png"),
        }
        self.answers["upload_image"] = {
            name: self._upload(content, fields, filename)
            for name, (content, fields, filename) in uploads.items()
        }

    def _upload(self, content: bytes, fields: dict[str, str], filename: str) -> dict[str, Any]:
        mine = self._upload_name if filename == "in.png" else filename
        files = {"image": (mine, content, "image/png")}
        call = self._call("POST", "/upload/image", data=fields, files=files)
        body = call["response"]["body"]
        if isinstance(body, dict):
            body["name"] = body["name"].replace(self._upload_name, "in.png")
        return call

    def _plain_calls(self) -> None:
        saved = self.answers["run_txt2img"]["websocket"]
        output = next(each for each in saved if _matches(each, "executed", {}))
        filename = output["text"]["data"]["output"]["images"][0]["filename"]
        view = {
            "call": f"?filename={filename}&subfolder=&type=output",
            "missing": "?filename=nope.png&type=output",
            "traversal": "?filename=../../main.py&type=output",
            "no_filename": "",
        }
        self.answers["view"] = {
            name: self._call("GET", f"/view{query}") for name, query in view.items()
        }
        self.answers["free"] = self._call("POST", "/free", {"unload_models": True})
        for name, path in (("prompt_get", "/prompt"), ("queue_empty", "/queue")):
            self.answers[name] = self._call("GET", path)
        self.answers["system_stats"] = self._call("GET", "/system_stats")
        every = self._call("GET", "/object_info")["response"]["body"]
        self.answers["object_info"] = {"nodes": copy.deepcopy(every)}

    def _offers_a_corrupt_checkpoint(self) -> bool:
        call = self._call("GET", "/object_info/CheckpointLoaderSimple")
        spec = call["response"]["body"]["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"]
        return "corrupt.safetensors" in spec[0]


def _png(side: int) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((side, side)).save(buffer, "PNG")
    return buffer.getvalue()
