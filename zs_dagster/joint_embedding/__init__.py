"""CEZSAR: a joint space of videos and sentences; torch is imported at module level in parts."""
