"""What the runs requested here say about themselves."""

REASON = "zs_dagster/reason"
# A worker that was killed: once more from the start, which reuses what was stored.
RETRIES = {"dagster/max_retries": "1", "dagster/retry_strategy": "ALL_STEPS"}
# Also after a stage failed. Set where it found damaged data: others have to make them anew.
RETRY_STEPS = {"dagster/retry_on_asset_or_op_failure": "true"}
