"""Locking: what a spec reaches now, what of it is another than in `cycl.lock`, and in which words that is told."""
