"""Image features per frame and crop: encoded once, shared by all methods."""
