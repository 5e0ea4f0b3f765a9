"""Writes what is in the image as CycloneDX 1.6, from the locks that it was built from.

python -m gpu_container.image.sbom FOLDER BASE_IMAGE PYTHON_VERSION > sbom.json. The same locks
give the same bytes: there is no time of day in it.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gpu_container.image.sources import Source, load_lock

ENVIRONMENTS = {"comfyui": "comfyui.lock.txt", "worker": "requirements.lock.txt"}
"""The image's two Python environments, and the lock of each."""
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def pins(text: str) -> dict[str, str]:
    """Return the exact versions of a lock, by package."""
    return dict(_PIN.findall(text))


def sbom(folder: Path, base: str, python: str) -> dict[str, Any]:
    """Describe the image that is built from the locks in `folder`. (https://cyclonedx.org)."""
    lock = load_lock(folder / "custom_nodes.lock.toml")
    components = [
        _base_image(base),
        _component("application", "python", python, f"pkg:generic/python@{python}"),
        *(_repository(source) for source in lock.all),
        *_packages(folder),
    ]
    content = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": "distillery-worker",
                "name": "distillery-worker",
            }
        },
        "components": components,
        "dependencies": [
            {"ref": "distillery-worker", "dependsOn": [part["bom-ref"] for part in components]}
        ],
    }


def _component(kind: str, name: str, version: str, purl: str, **more: Any) -> dict[str, Any]:
    described = {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return {**described, **more}


def _base_image(base: str) -> dict[str, Any]:
    image, _, digest = base.partition("@")
    name, _, tag = image.partition(":")
    purl = f"pkg:docker/{name}@{quote(digest)}?tag={quote(tag)}"
    hashes = [{"alg": "SHA-256", "content": digest.removeprefix("sha256:")}]
    return _component("container", name, tag, purl, hashes=hashes)


def _repository(source: Source) -> dict[str, Any]:
    owner_and_name = source.repository.removeprefix("https://github.com/").lower()
    return _component(
        "application",
        source.name,
        source.version or source.commit,
        f"pkg:github/{owner_and_name}@{source.commit}",
        licenses=[{"license": {"id": source.license}}],
        externalReferences=[{"type": "vcs", "url": source.repository}],
        properties=[{"name": "git:tree", "value": source.tree}],
    )


def _packages(folder: Path) -> Iterable[dict[str, Any]]:
    where: dict[tuple[str, str], list[str]] = {}
    for environment, lock in ENVIRONMENTS.items():
        for pin in pins((folder / lock).read_text()).items():
            where.setdefault(pin, []).append(environment)
    for (name, version), environments in sorted(where.items()):
        used = [{"name": "distillery:environment", "value": value} for value in environments]
        purl = f"pkg:pypi/{name.lower()}@{quote(version)}"
        yield _component("library", name, version, purl, properties=used)


def main(arguments: Sequence[str]) -> int:
    """Write the document to stdout; returns the exit status."""
    folder, base, python = arguments
    sys.stdout.write(json.dumps(sbom(Path(folder), base, python), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
