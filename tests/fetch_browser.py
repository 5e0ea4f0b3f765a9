"""Fetches a browser for the tests of the page where the machine has none.

The npm package is made for Lambda, so it needs no root; but it expects its fonts in another place.
"""

from __future__ import annotations

import platform
import shlex
import shutil
import sys

from local.set_up import TOOLS, VENV, Step, carry_out, npm_install, run, setting

FOLDER = TOOLS / "chromium"
CHROMIUM = FOLDER / "bin" / "chromium"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

UNPACK = 'import("@sparticuz/chromium").then((package) => package.default.executablePath())'
START = """#!/bin/sh
export LD_LIBRARY_PATH={folder}/al2023/lib FONTCONFIG_FILE={folder}/fonts.conf
exec {folder}/chromium "$@"
"""
FONTS = """<fontconfig>
  <dir>{folder}/fonts</dir>
  <cachedir>{folder}/fonts/cache</cachedir>
</fontconfig>
"""


def _has_browser() -> bool:
    """Whether a browser is installed, or the package (Linux on x86-64) would not run here."""
    installed = any(map(shutil.which, BROWSERS))
    return installed or (sys.platform, platform.machine()) != ("linux", "x86_64")


def _install(version: str) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    npm_install(f"@sparticuz/chromium@{version}", FOLDER)
    lambda_like = {"TMPDIR": str(FOLDER), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
    run([str(VENV / "bin" / "node"), "--eval", UNPACK], lambda_like, FOLDER)
    (FOLDER / "fonts.conf").write_text(FONTS.format(folder=FOLDER))
    CHROMIUM.parent.mkdir()
    CHROMIUM.write_text(START.format(folder=shlex.quote(str(FOLDER))))
    CHROMIUM.chmod(0o755)


if __name__ == "__main__" and not _has_browser():
    version = setting("chromium")
    carry_out([Step(f"Chromium {version}", CHROMIUM, version, lambda: _install(version))])
