"""Why a piece of text does not parse, in the words of the language.

Expects a parser failure and the piece it happened in. Ensures one diagnostic with a code, a place and, where the
mistake is a common one, help that can be typed. Rules are tried in order; the last one always applies.
"""

from __future__ import annotations

from collections.abc import Callable

import regex as re
from lark.exceptions import UnexpectedInput

from cyclspec.language.diagnostics import Diagnostic, Label
from cyclspec.language.diagnostics import cy00_syntax as cy00
from cyclspec.language.diagnostics.cy01_names import ReservedWord
from cyclspec.language.names.suggest import suggest
from cyclspec.language.spans import Source, Span
from cyclspec.language.syntax.failure import Failure, one_line, without_comments
from cyclspec.language.syntax.habits import habit_at, strange_character
from cyclspec.language.syntax.pieces import DECLARATIONS, IMPORTS, KEYWORDS, STATEMENTS, Piece

_PARTNER = {")": "(", "]": "[", "}": "{"}
_BRACKETS = re.compile(r'"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*|[\[({\])}]')
ROLES = ("system", "user", "assistant", "prefix")
_EDITION_GUESS = re.compile(r"cycl\b[ \t]*[=:]?[ \t]*[^\n]*")
_BLANK = re.compile(r"(?:\s|#[^\n]*\n)*")


def _edition(f: Failure) -> Diagnostic | None:
    if f.piece.start_symbol != "start" or f.piece.start != 0:
        return None
    text = f.source.text
    start = len(found.group()) if (found := _BLANK.match(text)) else 0
    guess = _EDITION_GUESS.match(text, start)
    if guess is not None and f.span.start <= guess.end():
        span = Span(f.source, start, start + len(guess.group().rstrip()))
        return cy00.EditionMissing(span=span, label="expected `cycl 1`", helps=("write `cycl 1`",))
    if f.expected & {"_CYCL"} or (f.at_end and start >= f.piece.end):
        word = re.compile(r"\w*").match(text, start)
        end = max(start + 1, word.end() if word else 0)
        return cy00.EditionMissing(span=Span(f.source, start, end))
    return None


def late_import(span: Span) -> Diagnostic:
    """An import below a declaration."""
    helps = ("move it to the top, below `cycl 1`",)
    return cy00.Unexpected(span=span, sentence="an import stands above all declarations", helps=helps)


def _statement_outside(f: Failure) -> Diagnostic | None:
    if f.word in STATEMENTS and f.piece.start_symbol in ("decl", "start") and not f.before.strip():
        helps = ("put it between the braces of `audit NAME { ... }`",)
        return cy00.StatementOutsideAudit(span=f.span, word=f.word, helps=helps)
    return None


def _declaration_inside(f: Failure) -> Diagnostic | None:
    opens = f.before.count("{") - f.before.count("}")
    inside = opens > 0 or f.piece.start_symbol in ("statement", "field")
    before = re.search(r"\b([^\W\d]\w*)\s+$", f.recent)
    span = f.span
    if before is not None and before.group(1) in DECLARATIONS and f.word:
        start = f.span.start - len(before.group())
        span = Span(f.source, start, start + len(before.group(1)))
    if not inside or span.text not in DECLARATIONS:
        return None
    helps = (f"move `{span.text}` out of the braces; inside an audit, `let` names a value",)
    return cy00.DeclarationInside(span=span, word=span.text, helps=helps)


def _opens(f: Failure) -> list[int]:
    """The brackets that are open before the failure, outermost first, as offsets."""
    opens: list[int] = []
    for match in _BRACKETS.finditer(f.before):
        if match.group() in _PARTNER.values():
            opens.append(f.piece.start + match.start())
        elif match.group() in _PARTNER and opens:
            opens.pop()
    return opens


def _unclosed(f: Failure) -> Diagnostic | None:
    if not f.at_end:
        return None
    opens = _opens(f)
    if f.text in _PARTNER and opens:
        opens.pop()
    elif f.text in _PARTNER.values():
        opens.append(f.span.start)
    if not opens:
        return None
    bracket = f.source.text[opens[-1]]
    closing = next(close for close, open_ in _PARTNER.items() if open_ == bracket)
    span = Span(f.source, opens[-1], opens[-1] + 1)
    return cy00.BlockUnclosed(span=span, bracket=bracket, helps=(f"write `{closing}` where it ends",))


def _stray_bracket(f: Failure) -> Diagnostic | None:
    if f.text not in _PARTNER:
        return None
    opens = _opens(f)
    if not opens:
        helps = (f"remove it, or write `{_PARTNER[f.text]}` where it should begin",)
        return cy00.Unexpected(span=f.span, sentence=f"this `{f.text}` closes nothing", helps=helps)
    bracket = f.source.text[opens[-1]]
    if bracket == _PARTNER[f.text]:
        return None
    wanted = next(close for close, open_ in _PARTNER.items() if open_ == bracket)
    also = (Label(Span(f.source, opens[-1], opens[-1] + 1), "opened here"),)
    sentence = f"`{f.text}` cannot close `{bracket}`"
    return cy00.Unexpected(span=f.span, sentence=sentence, also=also, helps=(f"write `{wanted}` first",))


def _closed(text: str) -> str:
    """A text up to the bracket that it does not open."""
    depth = 0
    for n, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return text[:n].rstrip()
    return text


def _of(f: Failure) -> Diagnostic | None:
    if "_OF" not in f.expected or f.word in ("of", "weighted"):
        return None
    above = f.recent + f.text if f.at_end else f.recent
    head = re.search(r"([\w.]+(?:\([^()]*\))?\s+(?:over|along)\s+(?:(?!\bof\b)[\w\s,.])+?)\s*$", above)
    if head is None:
        return None
    phrase = " ".join(head.group(1).split())
    rest = "..." if f.at_end else one_line(f.after)
    if f.word == "in":
        rest = rest.removeprefix("in ")
    return cy00.OfMissing(span=f.span, helps=(f"write `{phrase} of {rest}`",))


def _bare_reduction(f: Failure) -> Diagnostic | None:
    if f.word not in ("over", "along") or re.search(r"\b(?:over|along|by|of)\s*$", f.recent):
        return None
    reducer = re.search(r"[\w.]+(?:\([^()]*\))?\s*$", f.recent)
    start = f.span.start - len(reducer.group()) if reducer else f.span.start
    line = _closed(one_line(without_comments(f.source.text[start : start + 200])))
    operand = re.search(
        r"[=(,{]\s*([^=(),{}\n]{1,60}[-+*/<>]=?[ \t]*)$", f.recent[: len(f.recent) - (f.span.start - start)]
    )
    before = operand.group(1) if operand else ""
    return cy00.BareReduction(span=Span(f.source, start, f.span.end), helps=(f"write `{before}({line})`",))


def _in(f: Failure) -> Diagnostic | None:
    above = f.recent + f.text if f.at_end else f.recent
    head = re.search(r"\beach\b[\w\s,]*$", above)
    if "_IN" not in f.expected or head is None or re.search(r"\beach\s+in\b", head.group()):
        return None
    rest = f.after[len(f.text) :] if f.text in ("from", "of", "over", "=", ":") else f.after
    source = "..." if f.at_end else re.sub(r"^in\b", "", one_line(rest)).strip()
    written = " ".join(f"{head.group()} in {source}".split())
    return cy00.InMissing(span=f.span, helps=(f"write `{written}`",))


def _comparison(f: Failure) -> Diagnostic | None:
    if f.text != "=" or f.after[1:2] in ("!", ">", "<", "="):
        return None
    if not re.search(r"\b(where|if|and|or|not)\b[^{}=\n]*$", f.recent):
        return None
    left = re.search(r"[\w.]+\s*$", f.recent)
    right = re.match(r"=\s*([\w.\"%]+)", f.after)
    if left is None or right is None:
        return cy00.AssignmentForComparison(span=f.span)
    return cy00.AssignmentForComparison(
        span=f.span, helps=(f"write `{left.group().strip()} == {right.group(1)}`",)
    )


def _field_colon(f: Failure) -> Diagnostic | None:
    """`title: "Small"`: reading stops at the colon, or at the name where a statement stands above it."""
    colon = re.match(r"([^\W\d]\w*)?[ \t]*(:)(?!=)", f.after)
    if colon is None or not ("EQUAL" in f.expected or f.piece.start_symbol == "statement"):
        return None
    name = colon.group(1) or (found.group() if (found := re.search(r"[^\W\d]\w*(?=\s*$)", f.recent)) else "")
    line = f.recent.rsplit("\n", maxsplit=1)[-1]
    alone = line.strip() in ("", name) or re.search(rf"[{{,]\s*{name}\s*$", line)
    if not name or name in ROLES or not alone:
        return None
    place = f.span.start + colon.start(2)
    return cy00.ValueSignMissing(span=Span(f.source, place, place + 1), helps=(f"write `{name} = ...`",))


_GIVES = re.compile(
    r"(?:\b(?:let|check|ask|model)\s+|\bmeasure\b[^={}\n]*(?<!\w)|(?:^|[{,\n])[ \t]*)(?P<name>[^\W\d]\w*)\s*$"
)


def _value_sign(f: Failure) -> Diagnostic | None:
    given = _GIVES.search(f.recent)
    if "EQUAL" not in f.expected or given is None or f.at_end or not re.match(r'[\w"\[({-]', f.after):
        return None
    name, line = given["name"], f.recent.rsplit("\n", maxsplit=1)[-1]
    elsewhere = f.word in KEYWORDS and "\n" in f.recent[given.end("name") :]
    if f.text == "{" or elsewhere or line.count("(") > line.count(")"):
        return None
    value = f.text if len(f.text) <= 40 else "..."
    label, helps = "expected `=` before this", (f"write `{name} = {value}`",)
    return cy00.ValueSignMissing(span=f.span, label=label, helps=helps)


def _comma(f: Failure) -> Diagnostic | None:
    """A value directly after a value, inside of brackets."""
    opens = _opens(f)
    left = re.search(r'([\w.%]+|"[^"\n]*")\s*$', f.recent)
    inside = bool(opens) and f.source.text[opens[-1]] in "(["
    if not inside or left is None or left.group(1) in KEYWORDS or not re.match(r'[\w"]', f.after):
        return None
    if f.word in KEYWORDS or "COMMA" not in f.expected:
        return None
    value = f.text if len(f.text) <= 40 else "..."
    sentence, helps = f"a comma is missing before `{value}`", (f"write `{left.group(1)}, {value}`",)
    return cy00.Unexpected(span=f.span, sentence=sentence, helps=helps)


def _result_type(f: Failure) -> Diagnostic | None:
    word = re.match(r"\s*(?:##[^\n]*\n\s*)*(prompt|metric)\b", f.before)
    if word is None or not re.search(r"\)\s*$", f.recent) or f.text not in ("{", "=", ":", "-"):
        return None
    example = "-> share" if word.group(1) == "metric" else "-> choice(item.options)"
    wrong = re.match(r"[=:-]>?", f.after)
    arrow = wrong is not None and (wrong.group() in ("=>", ":") or wrong.group() == "-")
    helps = ("write `->`",) if arrow else (f"write the type of its value: `{example}`",)
    span = Span(f.source, f.span.start, f.span.start + len(wrong.group())) if arrow and wrong else f.span
    return cy00.ResultTypeMissing(span=span, word=word.group(1), helps=helps)


def _reserved(f: Failure) -> Diagnostic | None:
    """A word of the language where a name is declared."""
    declares = re.search(
        r"\b(?:each|ask|let|measure|check|model|factor|table|as|" + "|".join(DECLARATIONS) + r")\s+$",
        f.recent,
    )
    if declares is None or f.word not in KEYWORDS or "NAME" not in f.expected or f.word == "in":
        return None
    return ReservedWord(span=f.span, name=f.word)


def _unquoted(f: Failure) -> Diagnostic | None:
    if f.at_end or not f.after.startswith('"'):
        return None
    block = f.after.startswith('"""')
    if not block and re.match(r'"(?:[^"\\\n]|\\.)*"', f.after):
        return None
    span = Span(f.source, f.span.start, f.span.start + (3 if block else 1))
    helps = (
        ('close it with `"""`',) if block else ('close it with `"`, or use `"""` for text of several lines',)
    )
    return cy00.Unexpected(span=span, sentence="this text is never closed", label="opened here", helps=helps)


def _strange(f: Failure) -> Diagnostic | None:
    found = strange_character(f.after[:1])
    if found is None:
        return None
    what, help_ = found
    span = Span(f.source, f.span.start, f.span.start + 1)
    return cy00.Unexpected(span=span, sentence=f"{what} cannot stand here", helps=(help_,))


def _habit(f: Failure) -> Diagnostic | None:
    found = habit_at(f.source.text, f.span.start, f.piece.start, f.piece.end)
    if found is None:
        return None
    return cy00.Unexpected(
        span=Span(f.source, found.start, max(found.end, found.start + 1)),
        sentence=found.sentence,
        label=found.label,
        helps=(found.help,) if found.help else (),
        notes=(found.note,) if found.note else (),
    )


_BEGINS = re.compile(r"(?:\A|\n)[ \t]*$")


def _misspelled(f: Failure) -> Diagnostic | None:
    """A word at the start of a line that is nearly one that begins a declaration or a statement."""
    if not f.word or not _BEGINS.search(f.source.text[max(0, f.span.start - 200) : f.span.start]):
        return None
    after = f.after[len(f.word) :]
    if f.word in KEYWORDS:
        return None
    if re.match(r"[ \t]+[\w{]", after):
        close = suggest(f.word, (*STATEMENTS, *DECLARATIONS, *IMPORTS))
        helps = ("did you mean " + " or ".join(f"`{name}`" for name in close) + "?",) if close else ()
        sentence = f"`{f.word}` begins no declaration and no statement"
        return cy00.Unexpected(span=f.span, sentence=sentence, helps=helps)
    if re.match(r"[ \t]*=", after) and f.piece.start_symbol != "statement":
        value = one_line(after[after.index("=") + 1 :])
        helps = (f"write `param {f.word} : count = {value}`, or another type",)
        sentence = "a value at the top of a module is a `param`, with its type"
        return cy00.Unexpected(span=f.span, sentence=sentence, helps=helps)
    return None


def _incomplete(f: Failure) -> Diagnostic | None:
    """A piece that ends too early."""
    head = re.match(r"\s*(?:##[^\n]*\n\s*)*([^\W\d]\w*)", f.before + f.text)
    if not f.at_end or head is None or head.group(1) not in KEYWORDS:
        return None
    wanted = f.wanted
    label = f"{wanted} after this" if wanted else ""
    return cy00.Unexpected(span=f.span, sentence=f"this `{head.group(1)}` is not complete", label=label)


def _plain(f: Failure) -> Diagnostic:
    word = f.word or f.text
    found = "the end of the text" if f.at_end else f"`{word if len(word) <= 40 else word[:40] + '...'}`"
    wanted = f.wanted
    label = f"{wanted} before this" if wanted and not f.at_end else wanted
    if not label and f.word and re.search(r"[\w)\]\"%][ \t]+$", f.recent):
        label = "nothing joins this to what stands before it"
    return cy00.Unexpected(span=f.span, sentence=f"{found} cannot stand here", label=label)


_RULES: tuple[Callable[[Failure], Diagnostic | None], ...] = (
    _edition,
    _statement_outside,
    _declaration_inside,
    _reserved,
    _unclosed,
    _stray_bracket,
    _unquoted,
    _result_type,
    _in,
    _comparison,
    _habit,
    _of,
    _bare_reduction,
    _field_colon,
    _value_sign,
    _comma,
    _strange,
    _misspelled,
    _incomplete,
)


def explain_failure(source: Source, failure: UnexpectedInput, piece: Piece) -> Diagnostic:
    """The one diagnostic for a piece that does not parse."""
    facts = Failure(source, failure, piece)
    for rule in _RULES:
        found = rule(facts)
        if found is not None:
            return found
    return _plain(facts)
