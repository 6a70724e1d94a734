"""Syntax: text to a tree of frozen dataclasses that is one to one with what was written, and nothing more."""
