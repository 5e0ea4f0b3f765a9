"""`python -m local.chaos`: does the service keep its promises, whatever happens?

Prints one line for each figure, and ends with 1 if one of them is not what it must be.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Mapping

from local.chaos.finding import Finding, table
from local.chaos.trials import (
    credits,
    deployment,
    fairness,
    outage,
    poison,
    processes,
    rate_limits,
    replay,
    signatures,
    storm,
)

TRIALS: Mapping[str, Callable[[], list[Finding]]] = {
    "storm": lambda: storm.run(10_000, seeds=(1, 2, 3, 4, 5)),
    "outage": lambda: outage.run(1_000),
    "fairness": fairness.run,
    "credits": lambda: credits.run(requests=1_500, granted=1_000, racers=16),
    "poison": lambda: poison.run(2_000),
    "replay": replay.run,
    "rate_limits": lambda: rate_limits.run(edits=3_000, webhooks=300),
    "signatures": lambda: signatures.run(100_000),
    "deployment": lambda: deployment.run(100, seed=1),
    "processes": lambda: processes.run(300, seed=1),
}
"""Each trial at its full size, the quick ones first."""


def main() -> int:
    """Run the trials that are named, or all; print what they found."""
    parser = argparse.ArgumentParser(prog="python -m local.chaos", description=__doc__)
    parser.add_argument("trials", nargs="*", metavar="TRIAL", help=", ".join(TRIALS))
    chosen = parser.parse_args().trials or list(TRIALS)
    if unknown := set(chosen) - set(TRIALS):
        parser.error(f"no such trial: {', '.join(sorted(unknown))}; there are {', '.join(TRIALS)}")
    logging.disable(logging.CRITICAL)
    findings: list[Finding] = []
    for name in chosen:
        began = time.monotonic()
        findings += TRIALS[name]()
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    print(table(findings))
    broken = [finding for finding in findings if not finding.kept]
    print(f"{len(broken)} broken" if broken else "all kept")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
