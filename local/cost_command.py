"""`distillery cost idle`: what your deployment pays while nobody asks, from its own templates."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.idle_cost import Templates, idle_cost
from local.operating.place import CannotGoOn, context_of
from local.prices import read_prices
from local.processes import CommandFailed

_REPOSITORY = Path(__file__).parent.parent
_HOURS = 30 * 24
_CANARY, _SCHEDULED_CANARIES = "rate(3 days)", 10
"""Pictures a month: one every third day."""
_LEGEND = """\
`list` is as if nothing were free. `billed` is past what every account has free each month for ever,
if nothing else in the account uses that. Prices of US East; where each was seen: local/prices.toml.
"""


def run(arguments: argparse.Namespace) -> int:
    """Print the table; returns the exit status."""
    try:
        templates = synthesized(context_of(arguments))
    except (CannotGoOn, CommandFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    lines = idle_cost(templates)
    rows = [
        [line.price.of, f"{line.amount:,.2f}", _dollars(line.listed), _dollars(line.billed)]
        for line in lines
    ]
    listed, billed = sum(line.listed for line in lines), sum(line.billed for line in lines)
    heading = ["a month in which nobody asks", "amount", "$ list", "$ billed"]
    for row in [heading, *rows, ["all", "", _dollars(listed), _dollars(billed)]]:
        print(f"{row[0]:<62} {row[1]:>12} {row[2]:>8} {row[3]:>9}")
    print(f"\n{_LEGEND}")
    print("\n".join(by_choice(templates)))
    return 0


def by_choice(templates: Templates) -> list[str]:
    """Say what else is paid, of which no template says how much."""
    resources = [r for template in templates.values() for r in template["Resources"].values()]
    types = {resource["Type"] for resource in resources}
    said = ["Stored: $0.25 a GB in the table, $0.023 in the bucket; at first there is nothing."]
    if any(r.get("Properties", {}).get("ScheduleExpression") == _CANARY for r in resources):
        said.append(
            f"Runpod makes {_SCHEDULED_CANARIES} canaries a month, a minute of a GPU each if cold: "
            "$0.20 at $1.224 an hour."
        )
    if "AWS::ECR::Repository" in types or "AWS::SageMaker::Endpoint" in types:
        price = read_prices()["image_gb"].dollars
        said.append(f"For SageMaker: ${price:.2f} a GB of images in ECR; one has about 4 GB.")
    for resource in resources:
        least = resource.get("Properties", {}).get("MinCapacity", 0)
        if resource["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget" and least:
            said.append(
                f"SageMaker always runs {least} of its instances (gpu_min_instances): "
                f"{least * _HOURS:,} hours a month, each at its price (sagemaker_dollars_per_hour)."
            )
    return said


def synthesized(context: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the template of each stack that the settings ask for; raises CommandFailed."""
    flags = json.loads((_REPOSITORY / "cdk.json").read_text())["context"]
    whole = flags | {"aws:cdk:bundling-stacks": []} | dict(context)
    with tempfile.TemporaryDirectory(prefix="distillery-") as folder:
        done = subprocess.run(
            [sys.executable, str(_REPOSITORY / "app.py")],
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
                "CDK_CONTEXT_JSON": json.dumps(whole),
                "CDK_OUTDIR": folder,
                "CDK_VALIDATION": "false",  # what it warns of is for who deploys
            },
            capture_output=True,
            check=False,
            cwd=_REPOSITORY,
            text=True,
        )
        if done.returncode:
            raise CommandFailed(done.stderr.strip())
        files = Path(folder).glob("*.template.json")
        return {file.name.partition(".")[0]: json.loads(file.read_text()) for file in files}


def _dollars(amount: float) -> str:
    return f"{amount:.3f}"
