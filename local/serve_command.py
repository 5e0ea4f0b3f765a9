"""`distillery serve` and `distillery demo`: a member's request from the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from local.member import LocalMember, Refused, Served

FOLDER = Path(__file__).parent.parent / ".local"
DEFAULT_OUT = FOLDER / "pictures"
STATE_FILE = FOLDER / "state.json"
NOT_UP = "The local cloud is not up. Start it with: make demo, or: distillery local up --detach"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `distillery serve`."""
    parser.add_argument("prompt", help="what to draw")
    parser.add_argument("--workflow", metavar="W", help="one of the folders in workflows/")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="K=V",
        help="an option of the workflow, such as seed=7 or image=fox.png; may be repeated",
    )
    parser.add_argument(
        "--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="where to save the pictures"
    )
    add_member(parser)
    parser.add_argument("--json", action="store_true", help="print the end as one JSON object")


def add_member(parser: argparse.ArgumentParser) -> None:
    """Describe the option that says who asks."""
    parser.add_argument("--member", default="juniper", help="which member asks")


def run(arguments: argparse.Namespace) -> int:
    """Serve one request; returns the exit status: 0 for pictures, 1 for anything else."""
    state = read_state()
    if state is None:
        return fail(NOT_UP)
    try:
        options = _options(arguments)
        follow = (lambda content: None) if arguments.json else _print_change
        member = LocalMember(state, arguments.member)
        served = member.serve(arguments.prompt, options, arguments.out, follow)
    except (Refused, TimeoutError, ValueError, OSError) as error:
        return fail(str(error))
    if arguments.json:
        print(json.dumps(served.as_json(), indent=2))
    else:
        print_end(served)
    return 0 if served.state == "SUCCEEDED" else 1


def read_state() -> Mapping[str, Any] | None:
    """Return what the local cloud says about itself, or None when it is not up."""
    try:
        state: Mapping[str, Any] = json.loads(STATE_FILE.read_text())
        requests.get(f"{state['control_url']}/faults", timeout=5).raise_for_status()
    except (OSError, ValueError, requests.RequestException):
        return None
    return state


def print_end(served: Served) -> None:
    """Print how a request ended: the pictures or the words, and the time of each stage."""
    if served.state != "SUCCEEDED":
        print(f"{served.state.lower()}: {served.content}")
    for picture in served.pictures:
        print(f"picture: {picture.path} ({picture.bytes:,} bytes)")
    stages = "  ".join(f"{name} {seconds:.2f}" for name, seconds in served.stages.items())
    print(f"seconds: {stages}  (added to the engine's time: {served.added_s:.2f})")


def _options(arguments: argparse.Namespace) -> dict[str, str]:
    options: dict[str, str] = {}
    if arguments.workflow:
        options["workflow"] = arguments.workflow
    for text in arguments.option:
        name, separator, value = text.partition("=")
        if not separator:
            raise ValueError(f"--option {text}: write it as name=value, for example seed=7")
        options[name] = value
    return options


def _print_change(content: str) -> None:
    lines = [line.replace("`", "").removeprefix("-# ") for line in content.splitlines()[1:]]
    if lines:
        print("  " + "  ".join(lines), flush=True)


def fail(text: str) -> int:
    """Say what went wrong, and return the exit status."""
    print(text, file=sys.stderr)
    return 1
