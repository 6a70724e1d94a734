"""A text in several languages, written in place: `{en: "China", zh: "中国"}`.

Expects languages that are given once. Ensures that where a type names languages the text exists in each of them, and
has that type; where no type is expected, it is a text in the languages that it has.
"""

from __future__ import annotations

from cyclspec.language.diagnostics.cy04_templates import LanguageMissing
from cyclspec.language.syntax import tree as t
from cyclspec.language.types import kinds as k
from cyclspec.language.types import terms as h
from cyclspec.language.types.scope import Scope, unknown


def infer_texts(scope: Scope, node: t.I18n, expected: k.Kind | None) -> h.Term:
    """The term of a text in several languages."""
    texts = tuple((entry.lang, entry.text) for entry in node.entries)
    known = tuple(lang for lang, _ in texts)
    wanted = expected.langs if isinstance(expected, k.Text) and expected.langs else known
    lacking = [lang for lang in wanted if lang not in known]
    if lacking:
        notes = (f"`{k.kind_text(k.Text(wanted))}` is expected here",)
        helps = ("add " + ", ".join(f'`{lang}: "..."`' for lang in lacking),)
        lang = " or ".join(lacking)
        scope.report(LanguageMissing(span=node.span, lang=lang, what="this text", notes=notes, helps=helps))
        return unknown(node.span)
    return h.TextsTerm(type=k.Type(k.Text(wanted)), span=node.span, texts=texts)
