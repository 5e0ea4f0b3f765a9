"""Every node class this engine offers, with the bounds that ComfyUI 0.3.64 puts on its inputs.

A table instead of code: validation, planning and `/object_info` read it; what a class does when
it runs is in `behaviour.py`, `sampling.py` and `saving.py`.
"""

from __future__ import annotations

from local.engine.nodes.image_classes import IMAGE_CLASSES
from local.engine.nodes.model_classes import MODEL_CLASSES

NODE_TYPES = MODEL_CLASSES | IMAGE_CLASSES
