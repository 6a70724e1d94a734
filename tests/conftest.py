"""Property tests draw the same examples on every machine, so that a run that passed passes again."""

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
