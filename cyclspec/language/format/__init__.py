"""The formatter: one layout for every program, with all of its comments, and the printer of canonical JSON."""
