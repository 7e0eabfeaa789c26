"""What exists, and from what: one module per stage, thin. Methods live in `zs_dagster`."""
