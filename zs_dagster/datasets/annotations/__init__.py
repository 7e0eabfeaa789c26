"""Ground truth in the formats people have it in; one module per format."""
