"""The model files this engine pretends to have: the names that widely used recipes load."""

CORRUPT_CHECKPOINT = "corrupt.safetensors"  # fails while it loads, as a broken file does
CHECKPOINTS = (
    f"{CORRUPT_CHECKPOINT} dreamshaper_8.safetensors flux1-dev-fp8.safetensors "
    "flux1-schnell-fp8.safetensors sd3.5_large_fp8_scaled.safetensors "
    "sd_xl_base_1.0.safetensors sd_xl_refiner_1.0.safetensors sd_xl_turbo_1.0_fp16.safetensors "
    "tiny_random.safetensors v1-5-pruned-emaonly-fp16.safetensors v1-5-pruned-emaonly.safetensors"
)
CONTROL_NETS = "control_v11p_sd15_canny.safetensors control_v11p_sd15_scribble.safetensors"
DIFFUSION_MODELS = "flux1-dev.safetensors flux1-schnell.safetensors"
LORAS = "lcm-lora-sdv1-5.safetensors sd_xl_offset_example-lora_1.0.safetensors"
TEXT_ENCODERS = "clip_l.safetensors t5xxl_fp16.safetensors t5xxl_fp8_e4m3fn.safetensors"
VAES = "ae.safetensors sdxl_vae.safetensors vae-ft-mse-840000-ema-pruned.safetensors pixel_space"
