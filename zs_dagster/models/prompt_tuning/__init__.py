"""Test-time prompt tuning of open_clip models: ZAR, one video at a time."""
