"""The store: files that are whole or absent, tables with their definition, answers that are never asked for twice."""
