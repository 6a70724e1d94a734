"""cyclspec: audits of the cultural values of language models, written in a small language and compiled to JAX."""

__version__ = "0.1.0"
