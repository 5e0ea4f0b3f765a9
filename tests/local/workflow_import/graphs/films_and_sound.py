"""Graphs that make a film or a sound."""

from __future__ import annotations

from tests.local.workflow_import.graphs.parts import (
    LOAD,
    PLAIN,
    SAMPLER,
    SD15,
    WORDS,
    Case,
    Document,
    checkpoint,
    node,
    plain,
    sampler,
    text,
    without,
)


def wan() -> Document:
    return {
        "3": sampler(model="@48", positive="@50", negative="@50.1", latent_image="@50.2"),
        "6": text("a fox runs", "@38"),
        "7": text("静态, 模糊", "@38"),
        "8": node("VAEDecode", None, samples="@3", vae="@39"),
        "28": node(
            "SaveAnimatedWEBP",
            None,
            filename_prefix="w",
            fps=16,
            lossless=False,
            quality=90,
            method="default",
            images="@8",
        ),
        "37": node("UNETLoader", None, unet_name="wan2.1_i2v.safetensors", weight_dtype="default"),
        "38": node("CLIPLoader", None, clip_name="umt5_xxl.safetensors", type="wan"),
        "39": node("VAELoader", None, vae_name="wan_2.1_vae.safetensors"),
        "48": node("ModelSamplingSD3", None, shift=8, model="@37"),
        "50": node(
            "WanImageToVideo",
            None,
            width=832,
            height=480,
            length=33,
            batch_size=1,
            positive="@6",
            negative="@7",
            vae="@39",
            start_image="@52",
        ),
        "52": LOAD,
    }


CASES: dict[str, Case] = {
    "animate_diff": Case(
        plain(
            **{
                "5": node("EmptyLatentImage", None, width=512, height=512, batch_size=16),
                "20": node(
                    "ADE_AnimateDiffLoaderGen1",
                    None,
                    model_name="mm_sd_v15_v2.ckpt",
                    beta_schedule="sqrt_linear (AnimateDiff)",
                    model="@4",
                ),
                "3": sampler(model="@20"),
                "9": node(
                    "VHS_VideoCombine",
                    None,
                    frame_rate=8,
                    loop_count=0,
                    filename_prefix="AD",
                    format="video/h264-mp4",
                    save_output=True,
                    images="@8",
                ),
            }
        ),
        without(PLAIN, "batch") | {"frames": "5.batch_size"},
        "9",
        f"{SD15} animatediff_models/mm_sd_v15_v2.ckpt",
        decided=("number of frames",),
    ),
    "wan_image_to_video": Case(
        wan(),
        WORDS
        | SAMPLER
        | {
            "image": "52.image",
            "width": "50.width",
            "height": "50.height",
            "frames": "50.length",
        },
        "28",
        "diffusion_models/wan2.1_i2v.safetensors text_encoders/umt5_xxl.safetensors "
        "vae/wan_2.1_vae.safetensors",
    ),
    "ltx_text_to_video": Case(
        {
            "44": checkpoint("ltx-video-2b.safetensors"),
            "38": node("CLIPLoader", None, clip_name="t5xxl_fp16.safetensors", type="ltxv"),
            "6": text("a woman walks", "@38"),
            "7": text("low quality", "@38"),
            "69": node("LTXVConditioning", None, positive="@6", negative="@7", frame_rate=25),
            "70": node(
                "EmptyLTXVLatentVideo", None, width=768, height=512, length=97, batch_size=1
            ),
            "71": node(
                "LTXVScheduler",
                None,
                steps=30,
                max_shift=2.05,
                base_shift=0.95,
                stretch=True,
                terminal=0.1,
                latent="@70",
            ),
            "73": node("KSamplerSelect", None, sampler_name="euler"),
            "72": node(
                "SamplerCustom",
                None,
                add_noise=True,
                noise_seed=3,
                cfg=3,
                model="@44",
                positive="@69",
                negative="@69.1",
                sampler="@73",
                sigmas="@71",
                latent_image="@70",
            ),
            "8": node("VAEDecode", None, samples="@72", vae="@44.2"),
            "78": node("CreateVideo", None, fps=24, images="@8"),
            "79": node(
                "SaveVideo", None, filename_prefix="v", format="auto", codec="auto", video="@78"
            ),
        },
        {
            "prompt": "6.text",
            "negative": "7.text",
            "width": "70.width",
            "height": "70.height",
            "frames": "70.length",
            "steps": "71.steps",
            "cfg": "72.cfg",
            "seed": "72.noise_seed",
            "sampler": "73.sampler_name",
        },
        "79",
        "checkpoints/ltx-video-2b.safetensors text_encoders/t5xxl_fp16.safetensors",
    ),
    "audio": Case(
        {
            "3": sampler(latent_image="@11"),
            "4": checkpoint("stable-audio-open-1.0.safetensors"),
            "6": text("heaven church electronic dance music", "@10"),
            "7": text("", "@10"),
            "10": node("CLIPLoader", None, clip_name="t5_base.safetensors", type="stable_audio"),
            "11": node("EmptyLatentAudio", None, seconds=47.6, batch_size=1),
            "12": node("VAEDecodeAudio", None, samples="@3", vae="@4.2"),
            "13": node("SaveAudioMP3", None, filename_prefix="audio/a", quality="V0", audio="@12"),
        },
        WORDS | SAMPLER | {"seconds": "11.seconds", "batch": "11.batch_size"},
        "13",
        "checkpoints/stable-audio-open-1.0.safetensors text_encoders/t5_base.safetensors",
    ),
    "song": Case(
        {
            "3": sampler(latent_image="@17", negative="@44", positive="@14"),
            "4": checkpoint("ace_step.safetensors"),
            "14": node(
                "TextEncodeAceStepAudio",
                None,
                tags="anime, j-pop",
                lyrics="[verse]\nla",
                lyrics_strength=1,
                clip="@4.1",
            ),
            "17": node("EmptyAceStepLatentAudio", None, seconds=120, batch_size=1),
            "18": node("VAEDecodeAudio", None, samples="@3", vae="@4.2"),
            "44": node("ConditioningZeroOut", None, conditioning="@14"),
            "59": node("SaveAudio", None, filename_prefix="audio/a", audio="@18"),
        },
        SAMPLER
        | {
            "prompt": "14.tags",
            "prompt_2": "14.lyrics",
            "seconds": "17.seconds",
            "batch": "17.batch_size",
        },
        "59",
        "checkpoints/ace_step.safetensors",
        settle=("2 different texts",),
    ),
    "video_input": Case(
        plain(
            **{
                "10": node("VHS_LoadVideo", None, video="dance.mp4", force_rate=8),
                "12": node("VAEEncode", None, pixels="@10", vae="@4.2"),
                "3": sampler(latent_image="@12", denoise=0.6),
            }
        ),
        WORDS | SAMPLER,
        "9",
        SD15,
        settle=("members can attach pictures only",),
        decided=("stays 0.6",),
    ),
}
