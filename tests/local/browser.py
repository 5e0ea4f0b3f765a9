"""The browser of this machine, for the tests that open the page."""

from __future__ import annotations

import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def browser_path() -> str:
    """Return where a Chromium is, or skip the test."""
    found = [os.environ.get("DISTILLERY_CHROMIUM"), *map(shutil.which, BROWSERS)]
    path = next(filter(None, found), None)
    if path is None:
        pytest.skip(f"no browser: set DISTILLERY_CHROMIUM, or install one of {BROWSERS}")
    return path
