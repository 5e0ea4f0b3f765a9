"""Speaks to an engine as a client of ComfyUI does, and reduces what it hears to bare facts.

The same facts are taken from an engine's answers and from recordings of a real ComfyUI 0.3.64;
`comfyui_contract.json` holds those of the recordings, so that they can be compared anywhere.
`python -m tests.local.comfy_contract RECORDINGS` writes that file anew.
"""

import copy
import json
import re
import sys
from pathlib import Path
from typing import Any

from tests.local.comfy_questions import RUNS

FACTS = Path(__file__).with_name("comfyui_contract.json")
PREVIEW, PREVIEW_WITH_METADATA = 1, 4
MORE = "another_"  # begins the names of facts that are not from the recordings
NOT_OFFERED = {"SaveVideo", "CreateVideo", "SaveAudio"}  # the stand-in makes pictures only


def event_facts(events: list[dict[str, Any]], prompt_id: str) -> list[str]:
    """Reduce websocket messages to one line each; a `progress_state` to what changed in it."""
    lines: list[str] = []
    states: dict[str, Any] = {}
    for event in events:
        if "binary" in event:
            lines.append(_preview_line(event["binary"], prompt_id))
            continue
        kind, data = event["text"]["type"], event["text"]["data"]
        assert data.get("prompt_id", prompt_id) == prompt_id, event
        if kind == "progress_state":
            lines.append(_state_line(data["nodes"], states, prompt_id))
            states = data["nodes"]
        else:
            lines.append(_text_line(kind, data))
    return _without_later_steps(lines)


def _preview_line(binary: dict[str, Any], prompt_id: str) -> str:
    if binary["event_type"] == PREVIEW:
        return f"preview image_type={binary['image_type']}"
    metadata = dict(binary["metadata"])
    assert metadata.pop("prompt_id") == prompt_id
    return f"preview event_type={binary['event_type']} {json.dumps(metadata, sort_keys=True)}"


def _state_line(nodes: dict[str, Any], before: dict[str, Any], prompt_id: str) -> str:
    assert [key for key in nodes if key in before] == list(before) or not before
    parts = []
    for node_id, state in nodes.items():
        assert state["prompt_id"] == prompt_id
        names = (state["node_id"], state["display_node_id"], state["real_node_id"])
        assert set(names) == {node_id}
        if state != before.get(node_id):
            parts.append(f"{node_id}={state['value']:g}/{state['max']:g} {state['state']}")
    return "progress_state " + ", ".join(parts)


def _text_line(kind: str, data: dict[str, Any]) -> str:
    if kind == "status":
        sid = " sid" if "sid" in data else ""
        return f"status {data['status']['exec_info']['queue_remaining']}{sid}"
    if kind == "executing":
        fields = " ".join(sorted(set(data) - {"node"}))
        return f"executing {data['node']} ({fields})"
    if kind == "progress":
        return f"progress {data['node']} {data['value']}/{data['max']}"
    if kind == "executed":
        assert data["node"] == data["display_node"]
        return f"executed {data['node']} {json.dumps(output_facts(data['output']))}"
    plain = {key: value for key, value in data.items() if key not in {"prompt_id", "timestamp"}}
    return f"{kind} {json.dumps(_ending_facts(plain), sort_keys=True)}"


def _ending_facts(data: dict[str, Any]) -> dict[str, Any]:
    """Sort what comes in any order, and leave out where the engine's own files lie."""
    facts = {key: value for key, value in data.items() if key != "traceback"}
    assert all(isinstance(line, str) for line in data.get("traceback", []))
    for name in ("nodes", "executed", "current_outputs"):
        if name in facts:
            facts[name] = sorted(facts[name])
    return facts


def _without_later_steps(lines: list[str]) -> list[str]:
    """Of a run that was stopped, keep one step: how many it came to is chance."""
    if not any(line.startswith("execution_interrupted") for line in lines):
        return lines
    first = next(i for i, line in enumerate(lines) if line.startswith("preview"))
    stop = next(i for i, line in enumerate(lines) if line.startswith("execution_interrupted"))
    assert all(line.startswith(("progress", "preview")) for line in lines[first:stop])
    return [*lines[: first + 1], *lines[stop:]]


def output_facts(shown: dict[str, Any]) -> dict[str, Any]:
    """Reduce the names of saved files to what does not depend on earlier runs."""
    text = re.sub(r"_\d{5}_\.", "_#_.", json.dumps(shown))
    return json.loads(re.sub(r"ComfyUI_temp_[a-z]+_", "ComfyUI_temp_*_", text))


def refusal_facts(body: Any) -> Any:
    """Reduce the answer to a bad prompt: no stack traces, tooltips, ids or lists of files."""
    if not isinstance(body, dict):
        return body
    facts = copy.deepcopy(body)
    facts.pop("prompt_id", None)
    facts.pop("number", None)
    for entry in facts.get("node_errors", {}).values():
        entry["errors"].sort(key=lambda problem: problem["details"])
        for problem in entry["errors"]:
            problem["details"] = re.sub(r"not in \[.*\]", "not in [...]", problem["details"])
            extra = problem["extra_info"]
            extra.pop("traceback", None)
            if extra.get("input_config"):
                extra["input_config"] = _config_facts(extra["input_config"])
    return facts


def bad_prompt_facts(call: dict[str, Any]) -> dict[str, Any]:
    response = call["response"]
    return {
        "status": response["status"],
        "type": response["content_type"],
        "body": refusal_facts(response["body"]),
    }


def _config_facts(config: list[Any]) -> list[Any]:
    kind, options = (*config, {})[:2]
    kept = {key: value for key, value in options.items() if key != "tooltip"}
    return ["choices" if isinstance(kind, list) else kind, kept]


def history_facts(entry: dict[str, Any]) -> dict[str, Any]:
    messages = [name for name, _ in entry["status"]["messages"]]
    return {
        "prompt_fields": len(entry["prompt"]),
        "outputs_to_run": sorted(entry["prompt"][4]),
        "extra_data": sorted(entry["prompt"][3]),
        "outputs": {key: output_facts(entry["outputs"][key]) for key in sorted(entry["outputs"])},
        "status": entry["status"]["status_str"],
        "completed": entry["status"]["completed"],
        "messages": messages,
        "meta": {key: entry["meta"][key] for key in sorted(entry["meta"])},
    }


def node_facts(described: dict[str, Any]) -> dict[str, Any]:
    """Reduce one class of `/object_info`; lists of files on disk to the word `files`."""
    return {
        "inputs": {
            group: {name: _input_facts(spec) for name, spec in members.items()}
            for group, members in described["input"].items()
            if group != "hidden"
        },
        "hidden": sorted(described["input"].get("hidden", [])),
        "output": described["output"],
        "output_name": described["output_name"],
        "output_node": described["output_node"],
        "category": described["category"],
    }


def _input_facts(spec: list[Any]) -> Any:
    kind, options = (*spec, {})[:2]
    bounds = [options[key] for key in ("default", "min", "max") if key in options]
    if not isinstance(kind, list):
        return [kind, *bounds] if bounds else kind
    is_files = not kind or any("." in name or name == "pixel_space" for name in kind)
    return "files" if is_files else " ".join(kind)


def run_facts(answer: dict[str, Any], first_number: int) -> dict[str, Any]:
    """Reduce one run: the call, its messages and its place in the history."""
    response = answer["prompt_call"]["response"]
    prompt_id = response["body"]["prompt_id"]
    entry = answer["history_call"]["response"]["body"][prompt_id]
    return {
        "status": response["status"],
        "number": response["body"]["number"] - first_number,
        "node_errors": response["body"]["node_errors"],
        "events": event_facts(answer["websocket"], prompt_id),
        "history": history_facts(entry),
    }


def queue_facts(answer: dict[str, Any]) -> dict[str, Any]:
    """Reduce the deletion of a waiting prompt and the return of its client."""
    first = answer["first"]["response"]["body"]["prompt_id"]
    second = answer["second"]["response"]["body"]["prompt_id"]
    returned = answer["websocket_connected_while_running_same_client_id"]
    return {
        "while_running": _queue_ids(answer["queue_while_running"], first, second),
        "delete_status": answer["delete_pending"]["response"]["status"],
        "after_delete": _queue_ids(answer["queue_after_delete"], first, second),
        "history_of_deleted": answer["history_of_deleted"]["response"]["body"],
        "history_of_running": answer["history_of_running"]["response"]["body"],
        "first_events": event_facts(returned[:2], first),
        "last_events": event_facts(answer["last_events"][-6:], first),
    }


def _queue_ids(call: dict[str, Any], first: str, second: str) -> dict[str, list[str]]:
    names = {first: "first", second: "second"}
    body = call["response"]["body"]
    assert all(len(item) == 5 for items in body.values() for item in items)
    return {key: [names[item[1]] for item in items] for key, items in body.items()}


def call_facts(call: dict[str, Any]) -> dict[str, Any]:
    """Reduce one plain call; the size of a picture is no fact."""
    response = call["response"]
    body = response["body"]
    if isinstance(body, str) and body.startswith("<"):
        body = "<bytes>"
    return {"status": response["status"], "type": response["content_type"], "body": body}


def all_facts(answers: dict[str, Any]) -> dict[str, Any]:
    """Reduce a whole set of answers, recorded or just heard, by the name of its recording."""
    first_number = answers["run_txt2img"]["prompt_call"]["response"]["body"]["number"]
    facts: dict[str, Any] = {
        name: run_facts(answers[name], first_number) for name in RUNS if name in answers
    }
    for name, call in answers["prompt_errors"].items():
        facts[f"bad_prompt:{name}"] = bad_prompt_facts(call)
    for name, call in answers.get("more_prompt_errors", {}).items():
        facts[f"{MORE}bad_prompt:{name}"] = bad_prompt_facts(call)
    for name, answer in answers.get("more_runs", {}).items():
        prompt_id = answer["prompt_call"]["response"]["body"]["prompt_id"]
        facts[f"{MORE}run:{name}"] = event_facts(answer["websocket"], prompt_id)
    for group in ("upload_image", "view"):
        for name, call in answers[group].items():
            facts[f"{group}:{name}"] = call_facts(call)
    for name in ("free", "prompt_get", "queue_empty"):
        facts[name] = call_facts(answers[name])
    stats = answers["system_stats"]["response"]["body"]
    facts["system_stats"] = {
        "groups": sorted(stats),
        "device": sorted(stats["devices"][0]),
        "version": stats["system"]["comfyui_version"],
    }
    facts["queue_delete_reconnect"] = queue_facts(answers["queue_delete_reconnect"])
    facts["object_info"] = {
        name: node_facts(described)
        for name, described in answers["object_info"]["nodes"].items()
        if name not in NOT_OFFERED
    }
    return facts


def read_recordings(folder: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


if __name__ == "__main__":
    written = json.loads(FACTS.read_text())
    asked_later = {name: fact for name, fact in written.items() if name.startswith(MORE)}
    taken = all_facts(read_recordings(Path(sys.argv[1]))) | asked_later
    FACTS.write_text(json.dumps(taken, indent=1, sort_keys=True) + "\n")
