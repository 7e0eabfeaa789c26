"""Every test runs offline, quietly and in a home of its own."""

import os

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
