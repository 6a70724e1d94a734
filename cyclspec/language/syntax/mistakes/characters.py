"""Characters that nobody types on purpose: invisible ones, other blanks, and signs of other keyboards."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from cyclspec.language.diagnostics import Diagnostic
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.diagnostics.mend import Mend, removed, write
from cyclspec.language.syntax.mistakes.failure import Failure

_PLAIN = {"、": ",", "。": ".", "﹐": ",", "︰": ":", "′": '"', "″": '"'}


def strange(f: Failure) -> Iterator[Diagnostic]:
    """A character that no program holds."""
    char = f.after[:1]
    if not char or char in "\t\n\r " or (char.isascii() and char.isprintable()):
        return
    span = f.place(f.span.start, f.span.start + 1)
    category, number = unicodedata.category(char), f"U+{ord(char):04X}"
    plain = _PLAIN.get(char) or unicodedata.normalize("NFKC", char)
    what, mend = f"`{char}`", Mend()
    if category == "Zs":
        what = f"a blank that is no plain blank ({number})"
        mend = write(span, " ")._replace(helps=("write a plain blank",))
    elif category in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        what, mend = f"an invisible character ({number})", removed(span, "delete it")
    elif len(plain) == 1 and plain.isascii():
        mend = write(span, plain)
    sentence = f"{what} cannot stand here"
    if mend.helps:
        yield cy00.Unexpected(span=span, sentence=sentence, helps=mend.helps, edits=mend.edits)
    if what != f"`{char}`":
        yield cy00.Unexpected(span=span, sentence=sentence)
