"""The command line; the asset graph does the work."""
