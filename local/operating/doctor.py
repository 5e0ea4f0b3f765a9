"""`distillery doctor`: checks a deployment from outside, and says how to mend what is wrong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local.operating.checks import checks_of
from local.operating.outside import Unwell
from local.operating.place import CannotGoOn, Place, context_of

REPOSITORY = Path(__file__).parents[2]


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each check; returns 0 only if all is well."""
    try:
        place = Place.of(context_of(arguments), REPOSITORY)
        _ = place.outputs  # says best what is wrong with the shell
    except CannotGoOn as problem:
        print(problem, file=sys.stderr)
        return 1
    unwell = 0
    for name, check in checks_of(place).items():
        try:
            print(f"ok    {name:<14} {check(place)}")
        except (Unwell, CannotGoOn, BotoCoreError, ClientError) as problem:
            unwell += 1
            print(f"WRONG {name:<14} {problem}")
    return 1 if unwell else 0
