"""The `distillery` command."""

from __future__ import annotations

import argparse
import asyncio
import importlib
from collections.abc import Mapping
from typing import Any

from local import ask_command, operator_arguments, rules_command, serve_command

_INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended


def main() -> int:
    """Parse the command line, do it, and return the exit status."""
    arguments = parser().parse_args()
    try:
        status: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def parser() -> argparse.ArgumentParser:
    """Describe every command and its options."""
    parser = argparse.ArgumentParser(
        prog="distillery", description="Pictures on request in Discord, on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    local = commands.add_parser("local", help="start, end or look at the local cloud")
    _add_local_commands(local.add_subparsers(required=True, metavar="up|down|status"))
    serve = commands.add_parser(
        "serve", help="ask the local cloud for a picture, as a member would"
    )
    serve_command.add_arguments(serve)
    serve.set_defaults(run=serve_command.run)
    for name, meaning in ask_command.COMMANDS.items():
        ask = commands.add_parser(name, help=meaning)
        ask_command.add_arguments(ask, name)
        ask.set_defaults(run=ask_command.run)
    demo = commands.add_parser("demo", help="start the local cloud, ask for a picture, stay up")
    _add_port(demo)
    serve_command.add_arguments(demo)
    demo.set_defaults(run=_demo)
    letters = commands.add_parser("dead-letters", help="see what failed for good, try it again")
    _add_dead_letter_commands(letters.add_subparsers(dest="action", required=True))
    letters.set_defaults(run=_dead_letters)
    jobs = commands.add_parser("jobs", help="look at jobs, follow one everywhere, step in")
    operator_arguments.add_jobs(jobs)
    report = commands.add_parser("report", help="say what a time's jobs came to, and draw it")
    operator_arguments.add_report(report)
    cost = commands.add_parser("cost", help="say what a deployment costs while nobody asks")
    operator_arguments.add_cost(cost)
    operator_arguments.add_deploying(commands)
    models = commands.add_parser("models", help="bring model files to where they are, check them")
    _add_models_commands(models.add_subparsers(dest="action", required=True))
    models.set_defaults(run=_models)
    workflow = commands.add_parser("workflow", help="bring a graph from ComfyUI, or check one")
    _add_workflow_commands(workflow.add_subparsers(dest="action", required=True))
    workflow.set_defaults(run=_workflow)
    rules = commands.add_parser("rules", help="try the rules of content on prompts, check files")
    rules_command.add_commands(rules.add_subparsers(dest="action", required=True))
    rules.set_defaults(run=rules_command.run)
    return parser


def _add_local_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    up = commands.add_parser("up", help="start it, and stay until Ctrl-C")
    up.add_argument("--detach", action="store_true", help="return when it is ready; see `down`")
    _add_port(up)
    up.set_defaults(run=_up)
    commands.add_parser("down", help="end it and all it has started").set_defaults(run=_down)
    status = commands.add_parser("status", help="say whether it runs, and where")
    status.add_argument("--json", action="store_true", help="print everything as one JSON object")
    status.set_defaults(run=_status)


def _add_dead_letter_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> None:
    show = commands.add_parser("list", help="show them, the latest first")
    show.add_argument("--json", action="store_true", help="print all of each as a JSON array")
    redrive = commands.add_parser("redrive", help="wake the jobs that still wait for an answer")
    which = redrive.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID", help="one letter, as `list` names it")
    which.add_argument("--all", action="store_true", help="every letter")
    for command in (show, redrive):
        operator_arguments.add_deployment(command)


def _add_models_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    show = commands.add_parser("list", help="show what is declared, and what a place has of it")
    show.add_argument("--json", action="store_true", help="print everything as a JSON array")
    verify = commands.add_parser("verify", help="hash what a place has: ok, missing or wrong")
    sync = commands.add_parser("sync", help="bring what a place lacks; goes on where it stopped")
    for command in (show, verify, sync):
        command.add_argument("names", nargs="*", metavar="NAME", help="only these; else all")
        command.add_argument("--file", help="another models.toml")
        place = "a folder that has checkpoints/ and so on, or s3://BUCKET/PREFIX"
        command.add_argument("--to", required=command is not show, metavar="PLACE", help=place)


def _add_workflow_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = commands.add_parser("add", help="propose a workflow for a graph exported from ComfyUI")
    add.add_argument("file", metavar="FILE.json", help="what File > Export (API) saved")
    add.add_argument("--name", metavar="N", help="of its folder; else as the file is called")
    add.add_argument("--yes", action="store_true", help="write it without asking")
    check = commands.add_parser("check", help="say which nodes, models and licences are missing")
    check.add_argument("names", nargs="*", metavar="NAME|FILE", help="only these; else all")
    check.add_argument("--json", action="store_true", help="print everything as one JSON object")
    for command in (add, check):
        command.add_argument(
            "--comfyui-url", metavar="URL", help="a ComfyUI to ask what nodes take ($COMFYUI_URL)"
        )
        command.add_argument("--folder", metavar="DIR", help="where the workflows are")


def _add_port(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="of the web page; else one is chosen")


def _supervisor() -> Any:
    """Import what runs the cloud only where it is needed: `serve` answers sooner without it."""
    return importlib.import_module("local.supervisor")


def _dead_letters(arguments: argparse.Namespace) -> int:
    status: int = importlib.import_module("local.dead_letters_command").run(arguments)
    return status


def _models(arguments: argparse.Namespace) -> int:
    status: int = importlib.import_module("local.models_command").run(arguments)
    return status


def _workflow(arguments: argparse.Namespace) -> int:
    status: int = importlib.import_module("local.workflow_command").run(arguments)
    return status


def _up(arguments: argparse.Namespace) -> int:
    start = _supervisor().up_detached if arguments.detach else _supervisor().up
    status: int = start(arguments.port)
    return status


def _down(_: argparse.Namespace) -> int:
    status: int = _supervisor().down()
    return status


def _status(arguments: argparse.Namespace) -> int:
    status: int = _supervisor().status(as_json=arguments.json)
    return status


def _demo(arguments: argparse.Namespace) -> int:
    async def ask(state: Mapping[str, Any]) -> None:
        await asyncio.to_thread(serve_command.run, arguments)
        print(f"page: {state['web_url']} (type /serve there; Ctrl-C ends everything)", flush=True)

    status: int = _supervisor().up(arguments.port, when_ready=ask)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
