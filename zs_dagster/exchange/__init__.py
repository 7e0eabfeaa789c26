"""Segments for people's tools and back: one file per format, text in and text out.

Nothing here reads a video; what is known of its frames comes in as a `FrameClock`.
"""
