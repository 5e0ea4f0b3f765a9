"""What the rooms say of a setting's text, so that it is said before they are deployed."""

from __future__ import annotations

import dataclasses

from infra.settings import FIELDS
from infra.settings_file import Checks
from lambdas.interactions.settings import Settings as Interactions
from lambdas.watchdog.settings import Settings as Watchdog


def checks_of_rooms() -> Checks:
    """Return how the rooms read each setting that they are given as it is."""
    return {
        field.name: field.metadata["parse"]
        for room in (Interactions, Watchdog)
        for field in dataclasses.fields(room)
        if field.name in FIELDS
    }
