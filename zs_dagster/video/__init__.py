"""Video files in, frames with presentation times out."""
