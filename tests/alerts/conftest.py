"""How hard properties of the alert machine are tried: HYPOTHESIS_PROFILE=thorough before such work is called done."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much)
settings.register_profile("push", max_examples=300, stateful_step_count=50, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("thorough", settings.get_profile("push"), max_examples=3_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "push"))
