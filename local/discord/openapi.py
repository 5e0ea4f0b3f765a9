"""Checks payloads against Discord's own OpenAPI document, where a copy is at hand.

The document is OpenAPI 3.1, so that each of its schemas is plain JSON Schema 2020-12.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
from jsonschema.exceptions import best_match

from local.discord.refusals import Problem

CHECKOUT = Path(__file__).parents[2]
USUAL_PLACES = (CHECKOUT / "contracts", CHECKOUT.parent / "shared" / "contracts")


def document_at_hand(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where the document lies: $DISTILLERY_DISCORD_OPENAPI, or by the checkout."""
    if named := environ.get("DISTILLERY_DISCORD_OPENAPI"):
        return Path(named)
    paths = (folder / "discord-openapi.json" for folder in USUAL_PLACES)
    return next(filter(Path.is_file, paths), None)


class OpenApi:
    """The schemas of the document, each compiled once; without a document everything passes."""

    def __init__(self, path: Path | None) -> None:
        document = json.loads(path.read_text(encoding="utf-8")) if path else {}
        self._components: dict[str, Any] = document.get("components", {"schemas": {}})
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def problems(self, schema: str, payload: object) -> list[Problem]:
        """Return what `payload` breaks in the named schema, each at its deepest place.

        One library is quick to see that nothing is broken; the other says best what is.
        """
        if not self._components["schemas"] or self._validator(schema).is_valid(payload):
            return []
        problems = []
        for error in jsonschema.Draft202012Validator(self._whole(schema)).iter_errors(payload):
            deepest = best_match([error]) or error
            place = ".".join(str(key) for key in deepest.absolute_path)
            problems.append(Problem(place, deepest.message[:300]))
        return problems

    def _validator(self, schema: str) -> jsonschema_rs.Draft202012Validator:
        if schema not in self._validators:
            self._validators[schema] = jsonschema_rs.Draft202012Validator(self._whole(schema))
        return self._validators[schema]

    def _whole(self, schema: str) -> dict[str, Any]:
        return {**self._components["schemas"][schema], "components": self._components}
