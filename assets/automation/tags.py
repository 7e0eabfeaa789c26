"""What the runs requested here say about themselves."""

REASON = "zs_dagster/reason"
# A worker that was killed, or data found damaged: once more from the start, which reuses.
RETRIES = {"dagster/max_retries": "1", "dagster/retry_strategy": "ALL_STEPS"}
