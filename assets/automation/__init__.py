"""What runs by itself: what is watched, what is stale, and when it is computed anew."""
