"""A stand-in for AWS's command line, which the project does not install: `python -m`.

It knows the commands that name one operation of one service, which botocore's own models describe:
what they do not know is refused, as AWS's program does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name

_SERVICES = {"s3api": "s3"}
_OF_THE_PROGRAM = {"query", "output", "no-paginate"}


def main(words: Sequence[str]) -> str:
    """Call AWS and return what AWS's program prints."""
    service, operation, *rest = words
    if (service, operation) == ("s3", "rb"):
        (bucket,) = rest
        service, operation = "s3api", "delete-bucket"
        rest = ["--bucket", bucket.removeprefix("s3://")]
    options = dict(_options(rest))
    client = boto3.client(_SERVICES.get(service, service))
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[method]
    ).input_shape
    names = {xform_name(name, "-"): name for name in shape.members}
    values = {
        names[option]: _value(shape.members[names[option]].type_name, given)
        for option, given in options.items()
        if option not in _OF_THE_PROGRAM
    }
    answer = getattr(client, method)(**values)
    answer.pop("ResponseMetadata", None)
    if "query" in options:
        answer = jmespath.search(options["query"][0], answer)
    if options.get("output") == ["text"]:
        return str(answer)
    return json.dumps(answer, default=str) if answer else ""


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    name, values = "", list[str]()
    for word in [*words, "--"]:
        if not word.startswith("--"):
            values.append(word)
            continue
        if name:
            yield name, values
        name, values = word.removeprefix("--"), []


def _value(kind: str, given: list[str]) -> Any:
    if kind == "boolean":
        return True
    if kind == "list":
        return given
    (text,) = given
    if text.startswith("file://"):
        return json.loads(Path(text.removeprefix("file://")).read_text())
    return text


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
