"""Which videos, which classes, which ground truth."""
