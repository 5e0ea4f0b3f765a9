"""`distillery rules`: try the rules of content on labelled prompts, or look a file of them over."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from distillery.core.errors import ConfigError
from distillery.core.rules.rule_book import RuleBook
from distillery.core.rules.rule_file import parse_rules
from distillery.rule_files import load_rules
from local.labelled_file import Confusion, confusion, read_labelled

FOLDER = Path(__file__).parent.parent / "distillery" / "content_rules"

_BELOW = 1
_CANNOT = 2
_MOST_SHOWN = 50


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare `test` and `check`."""
    test = commands.add_parser("test", help="compare the rules with a file of labelled prompts")
    test.add_argument("file", metavar="FILE", help="a .csv, or a file of one JSON object a line")
    test.add_argument("--caught", type=float, default=98.0, metavar="PERCENT", help="at least")
    test.add_argument("--wronged", type=float, default=0.5, metavar="PERCENT", help="at most")
    check = commands.add_parser("check", help="say what is wrong with files of rules")
    check.add_argument("files", nargs="*", metavar="FILE.toml", help="else those of the service")


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks; returns 0 if all is well, 1 if the rules miss too much."""
    try:
        if arguments.action == "check":
            return _check([Path(name) for name in arguments.files])
        return _test(arguments)
    except (ConfigError, OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return _CANNOT


def _check(files: list[Path]) -> int:
    if files:
        rules = parse_rules({file.name: file.read_text(encoding="utf-8") for file in files})
    else:
        rules = load_rules(FOLDER)
    count = len(rules.rules) + len(rules.combinations)
    print(f"{count} rules, version {rules.version}: nothing is wrong with them.")
    return 0


def _test(arguments: argparse.Namespace) -> int:
    result = confusion(RuleBook(load_rules(FOLDER)), read_labelled(Path(arguments.file)))
    print(result.table())
    _print_missed(result)
    low = 100 * result.caught < arguments.caught
    high = 100 * result.wronged > arguments.wronged
    if low:
        print(f"Too little is caught: {100 * result.caught:.2f} %, not {arguments.caught} %.")
    if high:
        print(f"Too much is wronged: {100 * result.wronged:.2f} %, not {arguments.wronged} %.")
    return _BELOW if low or high else 0


def _print_missed(result: Confusion) -> None:
    """Name what went wrong, as text that no terminal acts on."""
    for missed in result.missed[:_MOST_SHOWN]:
        what = f"refused by {missed.rule_id}" if missed.rule_id else "allowed"
        print(f"  {what}: {missed.prompt.text!a} ({missed.prompt.kind or 'no kind'})")
    if len(result.missed) > _MOST_SHOWN:
        print(f"  and {len(result.missed) - _MOST_SHOWN} more")
