"""Completion in braces and at the top of a file: fields, statements, declarations and their parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.pieces import DECLARATIONS, STATEMENTS
from cyclspec.language.types import kinds as k
from cyclspec.language.types.declared import TypeReader
from cyclspec.lsp import items, words
from cyclspec.lsp.items import Item
from cyclspec.lsp.scan import ROLES, Token, ends_value, last_keyword
from cyclspec.lsp.view import module_at

if TYPE_CHECKING:
    from cyclspec.lsp.completion import Completer

Items = Iterator[Item]
_FROM = re.compile(r"[^{}\n]*\}\s*from\s*\"([^\"\n]*)\"")
_BEGINNING = re.compile(r"(?:\s|#[^\n]*\n)*[^\W\d]*")
_PARTS = {"corpus": ("table",), "panel": ("factor", "model"), "prompt": ROLES, "audit": STATEMENTS}


def in_block(c: Completer) -> Items:
    """What can stand at the cursor, whose innermost open bracket is a brace, or none."""
    blocks = c.cursor.blocks
    match blocks[-1] if blocks else "":
        case "":
            yield from _top(c)
        case "audit":
            yield from _audit(c)
        case "corpus" | "table" | "record":
            yield from _columns(c, blocks[-1])
        case "panel":
            yield from _panel(c)
        case "import":
            yield from _imported(c)
        case "model" | "level" | "factor" | "scale" | "axis":
            yield from _attributes(c, blocks[-1])
        case block:
            yield from _fields(c, block)


def _last(c: Completer) -> str:
    return c.cursor.here[-1].text if c.cursor.here else ""


def _given(tokens: tuple[Token, ...]) -> set[str]:
    """The fields that a block already has."""
    return {tokens[i - 1].text for i, token in enumerate(tokens) if token.text == "=" and i > 0}


def _names(block: str, given: set[str]) -> Items:
    for name, doc in words.FIELDS.get(block, {}).items():
        if name not in given:
            yield Item(name, "field", block, doc, 0)


def _fields(c: Completer, block: str) -> Items:
    """A block of fields: names where one can begin, else the value that a field takes."""
    here = c.cursor.here
    if _last(c) == "=" and len(here) > 1:
        yield from _value(c, block, here[-2].text)
    elif ends_value(here):
        yield from _names(block, _given(here))
        yield from items.keywords(_PARTS.get(block, ()), 1)
    else:
        yield from c.expression(here)


def _value(c: Completer, block: str, field: str) -> Items:
    match block, field:
        case "ask", "model":
            yield from _models(c)
        case ("ask", "per") | ("measure", "over"):
            yield from items.axes(c.named)
        case "target", "axes" | "rows" | "weight":
            yield from items.declared(c.view, (t.Corpus, t.VocabularyDecl), 1)
        case _ if (block, field) in words.VALUES:
            yield from items.of_words(words.VALUES[block, field], "value", 0)
        case _:
            yield from items.values(c.view, c.named, None)


def _models(c: Completer) -> Items:
    for name, term in c.named.locals.items():
        if isinstance(term.type.kind, k.ModelKind):
            yield Item(name, "axis", k.kind_text(term.type.kind), "", 0)
    yield from items.declared(c.view, (t.Panel,), 1)


def _imported(c: Completer) -> Items:
    """The names of the file behind the braces of an import, but for those that stand in them."""
    path = _FROM.match(c.text, c.cursor.offset)
    module = module_at(c.view, path[1], c.texts) if path is not None else None
    given = {token.text for token in c.cursor.here}
    yield from (
        (item for item in items.public(module) if item.label not in given) if module is not None else ()
    )


# ---- the file itself


def edition() -> Items:
    """What a file begins with."""
    yield Item("cycl 1", "keyword", "", "The edition of the language, the first line of every file.", 0)


def begins(text: str, offset: int) -> bool:
    """Whether nothing but comments and the word being typed stands before an offset."""
    return _BEGINNING.fullmatch(text, 0, offset) is not None


def _top(c: Completer) -> Items:
    here = c.cursor.here
    index = last_keyword(here, frozenset({*DECLARATIONS, "import"}))
    inside = here[index + 1 :] if index is not None else ()
    word = here[index].text if index is not None else ""
    last = _last(c)
    if word == "import" and not inside:
        yield from items.std_modules()
    elif last in (":", "->") and word in ("param", "metric", "prompt", "scale", "axis"):
        yield from _declared_types(c, word)
    elif last == "=" and word == "param":
        yield from items.values(c.view, c.named, _param_kind(c, inside[0].text))
    elif word and not inside:
        return
    elif (
        word in ("param", "metric")
        and any(token.text in ("=", "where") for token in inside)
        and not _fresh(c)
    ):
        yield from c.expression(here)
    elif ends_value(here):
        yield from items.keywords((*DECLARATIONS, "import"), 1)
        yield from items.keywords(("where", "as", "from", "version", "hash"), 6) if inside else ()


def _fresh(c: Completer) -> bool:
    """Whether the word in front of the cursor is the first of its line."""
    start = c.cursor.offset - len(c.cursor.typed)
    return start == 0 or c.text[start - 1] == "\n"


def _declared_types(c: Completer, word: str) -> Items:
    if word in ("scale", "axis"):
        yield from items.of_words({name: words.TYPES[name] for name in ("nominal", "ordinal")}, "type", 0)
        return
    yield from items.types(c.view)
    yield Item("record", "type", "", words.TYPES["record"], 3)


def _param_kind(c: Completer, name: str) -> k.Kind | None:
    decl = c.view.module.decls.get(name)
    if not isinstance(decl, t.Param):
        return None
    kind = TypeReader(c.view.context, c.view.module, {}, name).read(decl.type)
    return None if isinstance(kind, k.Unknown) else kind


# ---- audits


def _audit(c: Completer) -> Items:
    here = c.cursor.here
    index = last_keyword(here, frozenset(STATEMENTS))
    inside = here[index + 1 :] if index is not None else ()
    word = here[index].text if index is not None else ""
    last = _last(c)
    if (not word or _field_after(inside)) and last == "=":
        yield from _value(c, "audit", here[-2].text)
    elif word and not inside:
        return
    elif _fresh_statement(c):
        yield from _statements(c)
    else:
        yield from _in_statement(c, word, inside, last)


def _field_after(inside: tuple[Token, ...]) -> bool:
    """Whether what is being written is a field of the audit behind a statement: `title =`."""
    return len(inside) > 2 and inside[-1].text == "=" and inside[-2].text in words.FIELDS["audit"]


def _fresh_statement(c: Completer) -> bool:
    start = c.cursor.offset - len(c.cursor.typed)
    line = c.text[c.text.rfind("\n", 0, start) + 1 : start]
    return not line.strip() and ends_value(c.cursor.here)


def _statements(c: Completer) -> Items:
    yield from items.keywords(STATEMENTS, 0)
    yield from _names("audit", _given(c.cursor.here))
    yield from items.keywords(("of", "by", "where", "weighted", "over"), 7)


def _in_statement(c: Completer, word: str, inside: tuple[Token, ...], last: str) -> Items:
    texts = [token.text for token in inside]
    match word:
        case "each" if "in" not in texts:
            yield from items.keywords(("in",)) if last != "," else ()
        case "each" if last == "in" and texts.count("in") == 1:
            yield from _sources(c)
        case "ask" if texts[-1:] == ["="] and texts.count("=") == 1:
            yield from items.declared(c.view, (t.Prompt,), 0)
        case "let" | "measure" if last == ":" and "=" not in texts:
            yield from items.types(c.view)
        case "measure" if "=" not in texts:
            yield from items.axes(c.named) if last in ("by", ",") else items.keywords(("by",))
        case "":
            yield from _statements(c)
        case _:
            condition = last == "where" or (word == "check" and texts.count("=") == 1 and last == "=")
            yield from c.expression(inside, k.Bool() if condition else None)


def _sources(c: Completer) -> Items:
    yield from items.declared(c.view, (t.Corpus, t.VocabularyDecl, t.Panel, t.Target), 1)
    yield from items.declared(c.view, (t.Param,), 3)
    yield from items.of_words(words.SOURCES, "function", 4)
    yield from (i for i in items.locals_of(c.named, None) if i.kind == "axis")


# ---- data, panels, levels


def _columns(c: Completer, block: str) -> Items:
    here, last = c.cursor.here, _last(c)
    if last == "=" and len(here) > 1:
        yield from _value(c, block, here[-2].text)
    elif last == ":":
        yield from items.types(c.view)
    elif ends_value(here):
        yield from _names(block, _given(here))
        yield from items.keywords(_PARTS.get(block, ()), 1)
        yield from items.keywords(("where",), 6) if block != "corpus" and here else ()
    else:
        yield from c.expression(here)


def _panel(c: Completer) -> Items:
    last = _last(c)
    if last == ":":
        yield from items.of_words({name: words.TYPES[name] for name in ("nominal", "ordinal")}, "type", 0)
    elif last == "=":
        yield from items.of_words(words.PLACES, "function", 0)
    elif ends_value(c.cursor.here):
        yield from items.keywords(_PARTS["panel"], 0)


def _panel_name(c: Completer) -> str:
    tokens = c.cursor.levels[0]
    names = [tokens[i + 1].text for i, token in enumerate(tokens[:-1]) if token.text == "panel"]
    return names[-1] if names else ""


def _attributes(c: Completer, block: str) -> Items:
    """The factors of a model, or the attributes of a level: names first, then their levels."""
    here = c.cursor.here
    known = _factors(c) if block == "model" else _level_attributes(c)
    if _last(c) == "=" and len(here) > 1:
        yield from (Item(level, "level", here[-2].text, "", 0) for level in known.get(here[-2].text, ()))
    elif ends_value(here) and block in ("model", "level"):
        yield from (Item(name, "field", block, "", 0) for name in known if name not in _given(here))


def _factors(c: Completer) -> dict[str, tuple[str, ...]]:
    panel = c.view.context.panels.get(_panel_name(c))
    return {factor.name: factor.names for factor in panel.factors} if panel is not None else {}


def _level_attributes(c: Completer) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for vocabulary in c.view.context.vocabularies.values():
        for level in vocabulary.levels:
            for name, value in level.attributes.items():
                found.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in found.items()}
