"""The steps of docs/workflows.md that add a workflow, done as they are written.

They are done in a copy of the checkout, so that the workflow does not stay in this one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.discord.openapi import document_at_hand
from tests.local.workflow_import.graphs.parts import node

ROOT = Path(__file__).parents[2]
COPIED = (
    *("app.py", "cdk.json", "pyproject.toml", "requirements.txt"),
    *("distillery", "gpu_container", "infra", "lambdas", "local", "workflows"),
)
INSTALLED = (".venv", ".tools")
MANIFEST = "workflows/fox/manifest.toml"
EXPORTED = {  # ComfyUI's default graph, with the titles of the first step
    "3": node(
        "KSampler",
        "Sampler",
        **{"seed": 156680208700286, "steps": 20, "cfg": 8, "denoise": 1},
        **{"sampler_name": "euler", "scheduler": "normal"},
        **{"model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]},
    ),
    "4": node(
        "CheckpointLoaderSimple", "Load Checkpoint", ckpt_name="v1-5-pruned-emaonly.safetensors"
    ),
    "5": node("EmptyLatentImage", "Size", width=512, height=512, batch_size=1),
    "6": node("CLIPTextEncode", "Prompt", text="beautiful scenery", clip=["4", 1]),
    "7": node("CLIPTextEncode", "Negative prompt", text="text, watermark", clip=["4", 1]),
    "8": node("VAEDecode", "VAE Decode", samples=["3", 0], vae=["4", 2]),
    "9": node("SaveImage", "Save picture", filename_prefix="ComfyUI", images=["8", 0]),
}


@dataclass(frozen=True, slots=True)
class Walk:
    """A copy of the checkout, and what each block of commands has said in it."""

    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def state(self) -> dict[str, Any]:
        """What the local cloud that the steps have started says of itself."""
        state: dict[str, Any] = json.loads((self.folder / ".local" / "state.json").read_text())
        return state

    def up(self) -> None:
        """Do all steps but the last one."""
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, self.folder / name)
        for name in INSTALLED:
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / "fox.json").write_text(json.dumps(EXPORTED, indent=2))
        for kind, text in _blocks()[:-1]:
            if kind == "toml":
                (self.folder / MANIFEST).write_text(text)
            else:
                self._type(text)

    def down(self) -> None:
        """Do the last step."""
        _, text = _blocks()[-1]
        self._type(text)

    def _type(self, lines: str) -> None:
        """Run lines of a shell here; where one fails, all that was said is the error."""
        own = {"PYTHONPATH": str(self.folder)}  # the copy's code, with what is installed for ours
        if (document := document_at_hand()) is not None:
            own["DISTILLERY_DISCORD_OPENAPI"] = str(document)
        done = subprocess.run(
            ["sh", "-e", "-c", lines],
            cwd=self.folder,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{lines}{done.stdout}"
        self.said.append(done.stdout)


def _blocks() -> list[tuple[str, str]]:
    """Return the kind and the text of each block of the section."""
    document = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    [section] = re.findall(r"^## Add one in five minutes\n(.*?)^## ", document, re.S | re.M)
    found = re.findall(r"^ *```(\w+)\n(.*?)^ *```", section, re.S | re.M)
    return [(kind, textwrap.dedent(text)) for kind, text in found]
