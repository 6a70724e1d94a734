"""The canonical form: one JSON for one meaning, and the hashes that are taken of it."""
