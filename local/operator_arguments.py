"""The options of what operators use, apart from what does the work.

The program answers sooner when it imports only what it is asked for.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from local.serve_command import FOLDER

STAGES = ("prod", "dev")
_OF_ONE_JOB = {
    "show": "show all that is known of one",
    "trace": "show what became of one: every stage, and every log line about it",
    "cancel": "call one off, as its member could",
    "redeliver": "show its answer once more, or wake it if it has none",
}


def add_deployment(parser: argparse.ArgumentParser) -> None:
    """Describe the options that name a deployment on AWS."""
    parser.add_argument("--stage", choices=STAGES, help="on AWS: this stage of distillery.toml")
    parser.add_argument("--table", help="on AWS: the output TableName of the stack")
    parser.add_argument("--queue-url", help="on AWS: the output QueueUrl of the stack")


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Describe the commands under `distillery jobs`."""
    commands = parser.add_subparsers(dest="action", required=True)
    show = commands.add_parser("list", help="show those that are open, or all of some time")
    show.add_argument("--hours", type=float, help="all that were accepted in the last so many")
    show.add_argument("--member", metavar="ID", help="only this member's (canary: our own)")
    for name, meaning in _OF_ONE_JOB.items():
        one = commands.add_parser(name, help=meaning)
        one.add_argument("id", metavar="JOB", help="the job's id, as `list` shows it")
    commands.choices["trace"].add_argument(
        "--stack", help="on AWS with --table: the stack whose logs to search"
    )
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print everything as JSON")
        add_deployment(command)
    parser.set_defaults(run=_jobs)


def add_report(parser: argparse.ArgumentParser) -> None:
    """Describe the options of `distillery report`."""
    parser.add_argument("--days", type=int, default=30, help="so many, today included (30)")
    parser.add_argument(
        "--out", type=Path, default=FOLDER / "report.html", metavar="FILE", help="the HTML file"
    )
    parser.add_argument(
        "--dollars-per-hour",
        action="append",
        default=[],
        metavar="PROVIDER=DOLLARS",
        help="what an hour of a provider's GPU takes; else as the settings of --stage say",
    )
    add_deployment(parser)
    parser.set_defaults(run=_report)


def add_cost(parser: argparse.ArgumentParser) -> None:
    """Describe `distillery cost`."""
    parser.add_argument("what", choices=["idle"], help="what is paid while nobody asks")
    _add_settings(parser)
    parser.set_defaults(run=_cost)


_DEPLOYING = {
    "init": "write distillery.toml and keep the secrets, checking each",
    "doctor": "check a deployment, and say how to mend it",
    "smoke": "have a deployment make one picture",
    "destroy": "delete every stack of a stage",
}


def add_deploying(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands that go with a deployment: `init` to `destroy`."""
    for name, meaning in _DEPLOYING.items():
        command = commands.add_parser(name, help=meaning)
        _add_settings(command)
        command.set_defaults(
            run=lambda arguments, name=name: importlib.import_module(f"local.operating.{name}").run(
                arguments
            )
        )
    commands.choices["init"].add_argument(
        "--secrets", action="store_true", help="store another token or key; leave distillery.toml"
    )
    commands.choices["init"].add_argument(
        "--force", action="store_true", help="write a new distillery.toml over the one there is"
    )
    commands.choices["destroy"].add_argument(
        "--yes", action="store_true", help="do not ask whether this is meant"
    )
    commands.choices["smoke"].add_argument(
        "--provider", help="who is to make the picture; else the first"
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *("-c", "--context"),
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting over distillery.toml, as cdk takes it",
    )
    parser.add_argument("--stage", choices=STAGES, help="this stage of distillery.toml (prod)")


def _cost(arguments: argparse.Namespace) -> int:
    status: int = importlib.import_module("local.cost_command").run(arguments)
    return status


def _jobs(arguments: argparse.Namespace) -> int:
    status: int = importlib.import_module("local.jobs_command").run(arguments)
    return status


def _report(arguments: argparse.Namespace) -> int:
    status: int = importlib.import_module("local.report_command").run(arguments)
    return status
