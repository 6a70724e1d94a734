"""Readings: what a written reply answers, an option found in it or the text itself, or why there is no answer."""
