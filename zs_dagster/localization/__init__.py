"""Frame scores in, scored segments out."""
