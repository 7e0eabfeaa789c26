"""Models behind small protocols: image and text encoders, and the yes/no scorer."""
