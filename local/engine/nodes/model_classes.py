"""The node classes around a model: loading, conditioning, sampling, latents."""

from __future__ import annotations

from local.engine.nodes.input_kinds import BATCH, CROP, choice, decimal, links, sides, switch, whole
from local.engine.nodes.model_files import (
    CHECKPOINTS,
    CONTROL_NETS,
    DIFFUSION_MODELS,
    LORAS,
    TEXT_ENCODERS,
    VAES,
)
from local.engine.nodes.node_type import Input, NodeType

SAMPLERS = (
    "euler euler_cfg_pp euler_ancestral euler_ancestral_cfg_pp heun heunpp2 dpm_2 dpm_2_ancestral "
    "lms dpm_fast dpm_adaptive dpmpp_2s_ancestral dpmpp_2s_ancestral_cfg_pp dpmpp_sde "
    "dpmpp_sde_gpu dpmpp_2m dpmpp_2m_cfg_pp dpmpp_2m_sde dpmpp_2m_sde_gpu dpmpp_2m_sde_heun "
    "dpmpp_2m_sde_heun_gpu dpmpp_3m_sde dpmpp_3m_sde_gpu ddpm lcm ipndm ipndm_v deis "
    "res_multistep res_multistep_cfg_pp res_multistep_ancestral res_multistep_ancestral_cfg_pp "
    "gradient_estimation gradient_estimation_cfg_pp er_sde seeds_2 seeds_3 sa_solver "
    "sa_solver_pece ddim uni_pc uni_pc_bh2"
)
SCHEDULERS = (
    "simple sgm_uniform karras exponential ddim_uniform beta normal linear_quadratic kl_optimal"
)
LATENT_SCALERS = "nearest-exact bilinear area bicubic bislerp"
SEED_MAX = 2**64 - 1

_SEED = whole(0, 0, SEED_MAX, control_after_generate=True)
_PAIR = links("positive:CONDITIONING negative:CONDITIONING")
_SAMPLING = {
    "steps": whole(20, 1, 10000),
    "cfg": decimal(8.0, 0.0, 100.0, 0.1, round=0.01),
    "sampler_name": choice(SAMPLERS),
    "scheduler": choice(SCHEDULERS),
    **_PAIR,
    **links("latent_image:LATENT"),
}

MODEL_CLASSES: dict[str, NodeType] = {
    "KSampler": NodeType(
        "KSampler",
        "sampling",
        {
            **links("model:MODEL"),
            "seed": _SEED,
            **_SAMPLING,
            "denoise": decimal(1.0, 0.0, 1.0, 0.01),
        },
        ("LATENT",),
    ),
    "KSamplerAdvanced": NodeType(
        "KSampler (Advanced)",
        "sampling",
        {
            **links("model:MODEL"),
            "add_noise": choice("enable disable"),
            "noise_seed": _SEED,
            **_SAMPLING,
            "start_at_step": whole(0, 0, 10000),
            "end_at_step": whole(10000, 0, 10000),
            "return_with_leftover_noise": choice("disable enable"),
        },
        ("LATENT",),
    ),
    "CheckpointLoaderSimple": NodeType(
        "Load Checkpoint",
        "loaders",
        {"ckpt_name": choice(CHECKPOINTS)},
        ("MODEL", "CLIP", "VAE"),
    ),
    "LoraLoader": NodeType(
        "Load LoRA",
        "loaders",
        {
            **links("model:MODEL clip:CLIP"),
            "lora_name": choice(LORAS),
            "strength_model": decimal(1.0, -100.0, 100.0, 0.01),
            "strength_clip": decimal(1.0, -100.0, 100.0, 0.01),
        },
        ("MODEL", "CLIP"),
    ),
    "VAELoader": NodeType("Load VAE", "loaders", {"vae_name": choice(VAES)}, ("VAE",)),
    "UNETLoader": NodeType(
        "Load Diffusion Model",
        "advanced/loaders",
        {
            "unet_name": choice(DIFFUSION_MODELS),
            "weight_dtype": choice("default fp8_e4m3fn fp8_e4m3fn_fast fp8_e5m2"),
        },
        ("MODEL",),
    ),
    "DualCLIPLoader": NodeType(
        "DualCLIPLoader",
        "advanced/loaders",
        {
            "clip_name1": choice(TEXT_ENCODERS),
            "clip_name2": choice(TEXT_ENCODERS),
            "type": choice("sdxl sd3 flux hunyuan_video hidream hunyuan_image"),
        },
        ("CLIP",),
        optional={"device": choice("default cpu", advanced=True)},
    ),
    "ControlNetLoader": NodeType(
        "Load ControlNet Model",
        "loaders",
        {"control_net_name": choice(CONTROL_NETS)},
        ("CONTROL_NET",),
    ),
    "CLIPSetLastLayer": NodeType(
        "CLIP Set Last Layer",
        "conditioning",
        {**links("clip:CLIP"), "stop_at_clip_layer": whole(-1, -24, -1, step=1)},
        ("CLIP",),
    ),
    "CLIPTextEncode": NodeType(
        "CLIP Text Encode (Prompt)",
        "conditioning",
        {
            "text": Input("STRING", {"multiline": True, "dynamicPrompts": True}),
            **links("clip:CLIP"),
        },
        ("CONDITIONING",),
    ),
    "FluxGuidance": NodeType(
        "FluxGuidance",
        "advanced/conditioning/flux",
        {**links("conditioning:CONDITIONING"), "guidance": decimal(3.5, 0.0, 100.0, 0.1)},
        ("CONDITIONING",),
    ),
    "ControlNetApplyAdvanced": NodeType(
        "Apply ControlNet",
        "conditioning/controlnet",
        {
            **_PAIR,
            **links("control_net:CONTROL_NET image:IMAGE"),
            "strength": decimal(1.0, 0.0, 10.0, 0.01),
            "start_percent": decimal(0.0, 0.0, 1.0, 0.001),
            "end_percent": decimal(1.0, 0.0, 1.0, 0.001),
        },
        ("CONDITIONING", "CONDITIONING"),
        ("positive", "negative"),
        links("vae:VAE"),
    ),
    "InpaintModelConditioning": NodeType(
        "InpaintModelConditioning",
        "conditioning/inpaint",
        {
            **_PAIR,
            **links("vae:VAE pixels:IMAGE mask:MASK"),
            "noise_mask": switch(),
        },
        ("CONDITIONING", "CONDITIONING", "LATENT"),
        ("positive", "negative", "latent"),
    ),
    "EmptyLatentImage": NodeType(
        "Empty Latent Image", "latent", {**sides(16, 8), "batch_size": BATCH}, ("LATENT",)
    ),
    "EmptySD3LatentImage": NodeType(
        "EmptySD3LatentImage",
        "latent/sd3",
        {**sides(16, 16, 1024), "batch_size": BATCH},
        ("LATENT",),
    ),
    "LatentUpscale": NodeType(
        "Upscale Latent",
        "latent",
        {
            **links("samples:LATENT"),
            "upscale_method": choice(LATENT_SCALERS),
            **sides(0, 8),
            "crop": CROP,
        },
        ("LATENT",),
    ),
    "LatentUpscaleBy": NodeType(
        "Upscale Latent By",
        "latent",
        {
            **links("samples:LATENT"),
            "upscale_method": choice(LATENT_SCALERS),
            "scale_by": decimal(1.5, 0.01, 8.0, 0.01),
        },
        ("LATENT",),
    ),
    "SetLatentNoiseMask": NodeType(
        "Set Latent Noise Mask", "latent/inpaint", links("samples:LATENT mask:MASK"), ("LATENT",)
    ),
    "VAEDecode": NodeType("VAE Decode", "latent", links("samples:LATENT vae:VAE"), ("IMAGE",)),
    "VAEEncode": NodeType("VAE Encode", "latent", links("pixels:IMAGE vae:VAE"), ("LATENT",)),
    "VAEEncodeForInpaint": NodeType(
        "VAE Encode (for Inpainting)",
        "latent/inpaint",
        {**links("pixels:IMAGE vae:VAE mask:MASK"), "grow_mask_by": whole(6, 0, 64, step=1)},
        ("LATENT",),
    ),
}
