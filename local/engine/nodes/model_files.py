"""The model files this engine pretends to have: those of models.toml, and widely used ones."""

from __future__ import annotations

import tomllib
from pathlib import Path

CORRUPT_CHECKPOINT = "corrupt.safetensors"  # fails while it loads, as a broken file does
_DECLARED = Path(__file__).parents[3] / "gpu_container" / "models.toml"
_OTHERS = {
    "checkpoints": (
        f"{CORRUPT_CHECKPOINT} dreamshaper_8.safetensors flux1-dev-fp8.safetensors "
        "flux1-schnell-fp8.safetensors sd3.5_large_fp8_scaled.safetensors "
        "sd_xl_turbo_1.0_fp16.safetensors tiny_random.safetensors "
        "v1-5-pruned-emaonly-fp16.safetensors"
    ),
    "clip_vision": "",
    "controlnet": "control_v11p_sd15_canny.safetensors control_v11p_sd15_scribble.safetensors",
    "diffusion_models": "flux1-dev.safetensors",
    "ipadapter": "",
    "loras": "",
    "text_encoders": "t5xxl_fp16.safetensors",
    "upscale_models": "",
    "vae": "sdxl_vae.safetensors vae-ft-mse-840000-ema-pruned.safetensors pixel_space",
}


def model_files() -> dict[str, tuple[str, ...]]:
    """Return the names of all files by ComfyUI's folder."""
    declared = tomllib.loads(_DECLARED.read_text(encoding="utf-8"))["model"]
    return {
        folder: (
            *sorted(model["name"] for model in declared if model["folder"] == folder),
            *others.split(),
        )
        for folder, others in _OTHERS.items()
    }
