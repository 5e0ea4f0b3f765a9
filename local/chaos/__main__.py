"""`python -m local.chaos`: does the service keep its promises, whatever happens?"""

from __future__ import annotations

import argparse
import logging
import time

from local.chaos import campaign
from local.chaos.weather import STORM
from local.chaos.world import World


def main() -> int:
    """Run a campaign, print its report, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m local.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1, help="the same seed does the same")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    world = World(arguments.seed, STORM)
    report = campaign.run(world, arguments.jobs)
    print(report)
    for point, times in sorted(world.crashed.items()):
        print(f"  died at {point:28} {times:>6,}")
    print(f"{time.monotonic() - began:.1f} s: promises {'kept' if report.kept else 'BROKEN'}")
    return 0 if report.kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
