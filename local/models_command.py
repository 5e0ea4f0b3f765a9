"""`distillery models`: an operator fills a place with what models.toml declares, and checks it.

The place is a mounted network volume (Runpod), or a prefix in S3 (SageMaker mounts it).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

from gpu_container.worker.models.declared import (
    MODELS_FILE,
    S3,
    Model,
    ModelsFileWrong,
    load_models,
)
from gpu_container.worker.models.download import ModelUnavailable
from gpu_container.worker.models.http_source import HttpSource
from local.models_place import Bucket, Folder, NoSuchPlace, Place, readable_url

_TOLD_PERCENT = 10
_GB = 10**9


def run(arguments: argparse.Namespace) -> int:
    """Do what the command line asks; returns the exit status: 0 only if all is as declared."""
    try:
        models = _chosen(load_models(arguments.file or MODELS_FILE), arguments.names)
        place = _place(arguments.to) if arguments.to else None
        if arguments.action == "list" or place is None:
            return _list(models, place, as_json=arguments.json)
        work: Callable[[Model, Place], bool] = {"verify": _verify, "sync": _sync}[arguments.action]
        failed = [model for model in models if not _tried(work, model, place)]
        return 1 if failed else 0
    except (ModelsFileWrong, ModelUnavailable, NoSuchPlace) as problem:
        print(problem, file=sys.stderr)
        return 1


def _chosen(models: Sequence[Model], names: Sequence[str]) -> Sequence[Model]:
    if unknown := set(names) - {model.name for model in models}:
        known = ", ".join(model.name for model in models) or "none"
        raise ModelsFileWrong(f"There is no {', '.join(sorted(unknown))}. Declared: {known}")
    return [model for model in models if not names or model.name in names]


def _place(text: str) -> Place:
    return Bucket(text) if text.startswith("s3://") else Folder(text)


def _tried(work: Callable[[Model, Place], bool], model: Model, place: Place) -> bool:
    try:
        return work(model, place)
    except ModelUnavailable as error:
        print(error, file=sys.stderr)
        return False


def _list(models: Sequence[Model], place: Place | None, *, as_json: bool) -> int:
    rows = [
        {
            **asdict(model),
            "source": str(model.source),
            "state": place.state(model) if place else None,
        }
        for model in models
    ]
    if as_json:
        print(json.dumps(rows))
        return 0
    for model, row in zip(models, rows, strict=True):
        state = f"  {row['state']}" if place else ""
        print(f"{model.path}  {_size(model.size)}  {model.licence}  {model.source}{state}")
    if not models:
        print("no models")
    return 0


def _verify(model: Model, place: Place) -> bool:
    state = place.state(model)
    if state == "missing":
        print(f"missing  {model.path}")
        return False
    right = state == "here" and place.sha256(model) == model.sha256
    print(f"ok       {model.path}" if right else f"wrong    {model.path}: delete it, then sync")
    return right


def _sync(model: Model, place: Place) -> bool:
    shown = -1

    def tell(here: int) -> None:
        nonlocal shown
        percent = 100 * here // model.size
        if percent // _TOLD_PERCENT > shown:
            shown = percent // _TOLD_PERCENT
            print(f"{model.path}: {percent} % of {_size(model.size)}", flush=True)

    brought = place.bring(model, _source(model), tell)
    print(f"{model.path}: {'brought, and its hash is right' if brought else 'is here already'}")
    return True


def _source(model: Model) -> HttpSource:
    if isinstance(model.source, S3):
        return HttpSource(readable_url(model.source))
    return HttpSource(model.source.url, token=os.environ.get("HF_TOKEN"))


def _size(number: int) -> str:
    return f"{number / _GB:.2f} GB" if number >= _GB else f"{number / 1e6:.2f} MB"
