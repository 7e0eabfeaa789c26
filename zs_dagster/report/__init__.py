"""What people look at: the review page and the timelines."""
