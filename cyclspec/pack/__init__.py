"""Packs: an audit with everything it needs in one archive, made, checked as if hostile, and taken out again."""
