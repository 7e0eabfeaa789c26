"""The page of a classification dataset: how often each method is right, and where not."""
