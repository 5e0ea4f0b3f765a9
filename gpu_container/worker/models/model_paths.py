"""Where models are on this machine, and the file that tells ComfyUI so.

python -m gpu_container.worker.models.model_paths > FILE, for --extra-model-paths-config FILE.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from gpu_container.worker.models.declared import (
    FOLDER_NAME,
    FORBIDDEN_FOLDERS,
    MODELS_FILE,
    ModelsFileWrong,
    load_models,
)

RUNPOD_VOLUME = Path("/runpod-volume")
"""https://docs.runpod.io/storage/network-volumes"""
SAGEMAKER_MODEL = Path("/opt/ml/model")
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html"""


def own_folder(models_folder: str | None, volume: Path = RUNPOD_VOLUME) -> Path | None:
    """Return the folder that this worker brings models to, whether or not it exists yet."""
    if models_folder:
        return Path(models_folder).absolute()
    return volume / "models" if volume.is_dir() else None


def model_folders(
    models_folder: str | None,
    volume: Path = RUNPOD_VOLUME,
    mounted: Path = SAGEMAKER_MODEL,
) -> tuple[Path, ...]:
    """Return the folders that may hold models, in the order in which ComfyUI shall look."""
    own = own_folder(models_folder, volume), own_folder(None, volume)
    there = [*own, mounted if mounted.is_dir() else None]
    return tuple(dict.fromkeys(folder for folder in there if folder is not None))


def render(folders: Iterable[Path], declared: Iterable[str] = ()) -> str:
    """Return the YAML that names each kind of model below each folder: what is there or declared.

    ComfyUI passes over a folder that is missing, and sees it once a model is brought into it.
    """
    lines = []
    for number, folder in enumerate(folders, 1):
        there = (path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ()
        kinds = {kind for kind in (*there, *declared) if FOLDER_NAME.fullmatch(kind)}
        if kinds := kinds - FORBIDDEN_FOLDERS:
            lines += [f"models_{number}:", f"  base_path: {json.dumps(str(folder))}"]
            lines += [f'  "{kind}": "{kind}"' for kind in sorted(kinds)]
    return "\n".join(lines or ["{}"]) + "\n"  # ComfyUI fails on a file that says nothing


def main(environ: Mapping[str, str] = os.environ) -> int:
    """Write the YAML to stdout; returns the exit status."""
    try:
        models = load_models(environ.get("MODELS_FILE") or MODELS_FILE)
        folders = model_folders(environ.get("MODELS_FOLDER"))
        sys.stdout.write(render(folders, {model.folder for model in models}))
    except (ModelsFileWrong, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
