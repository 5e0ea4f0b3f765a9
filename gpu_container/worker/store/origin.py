"""What a URL's text says about where it leads."""

from __future__ import annotations

import re

_PORTS = {"http": 80, "https": 443}
# Printable ASCII without a backslash; no user before the host. Stricter than any parser of URLs,
# so that no two of them can read one URL in two ways.
_URL = re.compile(
    r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?:[/?][!-\[\]-~]*)?", re.IGNORECASE
)


def parse_origin(url: str) -> str | None:
    """Return scheme://host:port of a URL in one spelling, or None if it is no plain http(s) URL."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    return f"{scheme}://{host}:{int(port) if port else _PORTS[scheme]}"
