"""Further training of a CLIP on labelled clips; torch is imported at module level here."""
