"""What holds for every test."""

from __future__ import annotations

import hypothesis

# A busy machine makes slow examples; only a wrong answer fails a test.
hypothesis.settings.register_profile(
    "distillery", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("distillery")
