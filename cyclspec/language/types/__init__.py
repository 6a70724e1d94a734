"""Types: kinds, units, axes and phases of every value, and the typed audit they lead to."""
