"""Syntax errors in the words of the language: what people write, what it is called, and what mends it."""
