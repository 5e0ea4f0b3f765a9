"""`distillery queue`, `me`, `info` and the like: what a member asks about what they have."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from gpu_container.worker.outputs import metadata
from local.member import LocalMember, Refused
from local.serve_command import NOT_UP, add_member, fail, read_state

COMMANDS: Mapping[str, str] = {
    "queue": "say where a member's requests stand",
    "cancel": "call off a member's latest request, or all that have not ended",
    "history": "say how a member's last requests ended, with links to the pictures",
    "me": "say what a member's limits are, and what is left of them",
    "info": "say how a picture was made, as the file itself says",
}
_MARKS = re.compile(r"\\(?P<typed>[^\w\s])|<t:(?P<time>\d+):R>|\*\*|`|^-# ", re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Describe the options of one of the commands."""
    parser.set_defaults(command=command, all=False, image=None, json=False)
    add_member(parser)
    if command == "cancel":
        parser.add_argument("--all", action="store_true", help="all that have not ended")
    if command == "info":
        parser.add_argument("image", metavar="FILE", help="a picture that was made here")
        parser.add_argument("--json", action="store_true", help="all of it; needs no local cloud")


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print the answer; returns the exit status: 1 when there was none."""
    if arguments.json:
        return _print_request(Path(arguments.image))
    state = read_state()
    if state is None:
        return fail(NOT_UP)
    options = {"which": "all"} if arguments.all else {}
    options |= {"image": arguments.image} if arguments.image else {}
    try:
        answer = LocalMember(state, arguments.member).ask(arguments.command, options)
    except (Refused, OSError) as error:
        return fail(str(error))
    print(without_marks(answer))
    return 0


def _print_request(file: Path) -> int:
    try:
        request = metadata.read(file)
    except OSError as error:
        return fail(f"{file} cannot be read: {error.strerror}")
    if request is None:
        return fail(f"{file} does not say how it was made")
    print(json.dumps(request, indent=2, ensure_ascii=False))
    return 0


def without_marks(content: str) -> str:
    """Return a message as it reads, without the marks that make Discord draw it."""
    return _MARKS.sub(_read, content)


def _read(mark: re.Match[str]) -> str:
    if mark["time"]:
        return datetime.fromtimestamp(int(mark["time"]), UTC).isoformat(" ", "seconds")
    return mark["typed"] or ""
