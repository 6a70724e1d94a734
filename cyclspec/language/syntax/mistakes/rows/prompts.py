"""Prompts and their messages as they are written elsewhere."""

from __future__ import annotations

from cyclspec.language.syntax.mistakes.habits import NAME, PATH, row

_ROLES = "system|user|assistant|prefix"
_SPEAKS = {
    "human": "user", "person": "user", "question": "user", "ai": "assistant", "bot": "assistant",
        "model": "assistant",
    "answer": "assistant", "gpt": "assistant", "developer": "system", "instruction": "system",
        "instructions": "system",
}  # fmt: skip
_PROMPT = r"\bprompt\b[^{}]*\{(?:[^{}\"]|\"(?:[^\"\\]|\\.)*\")*"
_FORMALS = rf"\b(?:prompt|metric)[ \t]+{NAME}[ \t]*\((?:[^()]|\([^()]*\))*?[(,\n]?[ \t]*"
_TYPE = rf"{PATH}(?:\([^()\n]*\))?\??"
_SPOKEN = "a message is said by `system`, `user`, `assistant` or `prefix`"

ROWS = (
    # heads
    row(rf"\bmetric[ \t]+(?P<at>{NAME})[ \t]*=", "a metric says what it takes and what it returns",
        help_="declare it as `metric {at}(p: dist(S)) -> share = ...`"),
    row(rf"\b(?:prompt|metric)[ \t]+(?P<all>(?P<at>{NAME}))[ \t]*(?:->|\{{|:)",
        "parentheses follow this name, even empty ones",
        "{at}()"),
    row(rf"(?P<a>{NAME})[ \t]*(?P<at>=)[ \t]*(?P<b>{_TYPE})", "the type of an argument stands behind `:`", ":",
        "write `{a}: {b}`", inside=_FORMALS),
    row(rf"(?P<all>(?P<at>{PATH}(?:\([^()\n]*\))?)[ \t]+(?P<a>{NAME}))(?=[ \t]*[,)])",
        "the type of an argument stands behind `:`",
        "{a}: {at}", inside=_FORMALS),
    row(rf"(?P<at>{NAME})[ \t]*[),]", "`{at}` has no type", help_="give it one: `{at}: ...`",
        inside=_FORMALS),
    row(r"(?P<at>(?:=>?|:)?[ \t]*(?P<a>\"[^\"\n]*\"))", "messages stand in braces", "{{ user {a} }}",
        inside=rf"\bprompt\b[^{{}}]*->[ \t]*{_TYPE}[ \t]*"),
    # texts
    row(r"(?P<all>\"(?P<a>[^\"\n]*)\"(?P<at>[^\W\d][^\"\n{}=]*)\"(?P<c>[^\"\n]*)\")",
        "a quotation mark inside of a text is written `\\\"`",
        '"{a}\\"{at}\\"{c}"'),
    # roles
    row(rf"(?P<at>\b(?:{'|'.join(_SPEAKS)})\b)(?:[ \t]*\[[^\]\n]*\])?[ \t]*[:=]?[ \t]*\"", _SPOKEN, "{instead}",
        inside=_PROMPT, words=_SPEAKS),
    row(rf"(?P<at>\b(?!(?:{_ROLES}|return|yield|print)\b){NAME})(?:[ \t]*\[[^\]\n]*\])?[ \t]*\"", _SPOKEN,
        inside=_PROMPT + r"(?<=[{\n\"])[ \t]*"),
    row(r"(?P<at>\"[^\"\n]*\"?)", "a message says who speaks", "user {at}", inside=r"\bprompt\b[^{}]*\{\s*"),
    row(rf"\b(?P<a>{_ROLES})(?P<b>\[\w+\])?[ \t]*(?P<at>[:=])(?=[ \t]*\")", "`{at}` cannot stand here", "",
        "leave it out: `{a}{b} \"...\"`"),
    row(rf"\b(?P<a>{_ROLES})[ \t]*(?P<all>(?P<at>[(\[])[ \t]*(?P<b>\"[^\"\n]*\")[ \t]*[)\]])(?![ \t]*\")",
        "a message has no brackets around it", " {b}", "write `{a} {b}`"),
    # languages
    row(rf"\b(?P<a>{_ROLES})[ \t]*(?P<all>(?P<at>[(.:])[ \t]*(?P<b>[a-z]{{2,3}})[ \t]*\)?)(?=[ \t]*\")",
        "the language of a message stands in square brackets", "[{b}]", "write `{a}[{b}]`"),
    row(rf"\b(?P<a>{_ROLES})(?P<all>[ \t]+(?P<at>[a-z]{{2,3}}\b))",
        "the language of a message stands in square brackets",
        "[{at}]", "write `{a}[{at}]`"),
    row(rf"\b(?P<a>{_ROLES})\[[ \t]*(?P<at>\"(?P<b>\w+)\")[ \t]*\]", "a language stands without quotation marks",
        "{b}",
        "write `{a}[{b}]`"),
    row(rf"\b(?P<a>{_ROLES})\[[ \t]*(?P<at>(?P<b>\w+)-(?P<c>\w+))[ \t]*\]", "a language is one word", "{b}_{c}",
        "write `{a}[{b}_{c}]`"),
    row(rf"\b(?P<a>{_ROLES})\[[ \t]*(?P<b>\w+)[ \t]*(?P<at>,)[ \t]*(?P<c>\w+)", "a message is in one language",
        help_="give one for each: `{a}[{b}]` and `{a}[{c}]`"),
    # what stands between messages
    row(rf"\b(?:{_ROLES})\b[^\"]*\"[^\"\n]*\"[ \t]*(?P<at>[,+])", "messages stand one below the other", "",
        "leave `{at}` out"),
)  # fmt: skip
