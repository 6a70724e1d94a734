"""Corpora as Croissant 1.0 metadata (mlcommons.org/croissant), written and read."""
