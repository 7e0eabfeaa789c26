"""Predictions against ground truth: metrics and their uncertainty."""
