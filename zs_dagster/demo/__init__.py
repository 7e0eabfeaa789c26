"""A small drawn world: videos with exact ground truth, and two small models trained on it.

Drawn videos exist so that the whole project runs, and can be judged, in seconds and offline.
"""
