"""What changes when an endpoint of worker-comfyui is a provider as well."""

from __future__ import annotations

import pytest

from infra.settings_file import WrongSettings
from tests.infra.conftest import EXAMPLE, Assemble, settings_of
from tests.infra.templates import granted
from tests.infra.test_grants import GRANTS


def test_the_watchdog_may_store_results_and_nothing_else_that_is_new(assemble: Assemble) -> None:
    """The synthesis runs cdk-nag: every star in a grant has its reason."""
    template = assemble(providers="worker_comfyui").templates["Distillery"]

    usual = {grant for grant in GRANTS["Watchdog"] if "sagemaker" not in grant}
    assert granted(template, "WatchdogRole") - usual == {
        "s3:PutObject on Bucket/jobs/*/*/outputs/*",
        "s3:PutObject on Bucket/jobs/*/*/result.json",
    }
    assert usual <= granted(template, "WatchdogRole")  # Runpod's key is this provider's too
    usual = {grant for grant in GRANTS["Dispatcher"] if "sagemaker" not in grant}
    assert granted(template, "DispatcherRole") == usual


def test_an_endpoint_of_worker_comfyui_that_is_not_given_is_named() -> None:
    context = {key: value for key, value in EXAMPLE.items() if "worker_comfyui" not in key}
    assert settings_of(context).providers == ("runpod", "sagemaker")
    with pytest.raises(WrongSettings, match="leave worker_comfyui out of providers"):
        settings_of({**context, "providers": "runpod,worker_comfyui"})
