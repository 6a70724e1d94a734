"""Small words around the words of the language.

Ensures that what is said of a word fits it: `an axis`, `a model`.
"""

from __future__ import annotations


def with_article(word: str) -> str:
    """A word of the language in backticks with its article: ``an `axis` ``, ``a `model` ``."""
    return f"{article(word)} `{word}`" if word else ""


def article(word: str) -> str:
    """The indefinite article of a word; `one`, `unit` and `user` sound as if they began with a consonant."""
    spoken = word.lower()
    return "an" if spoken[:1] in "aeiou" and not spoken.startswith(("on", "uni", "us")) else "a"
