"""The outside things: where data lies and which models run. No methods here."""
