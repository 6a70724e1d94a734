"""Writes the pages that are made from the code: the standard library, and the tables of the language reference.

    python scripts/docs/reference.py

`--check` says which pages are not what this script writes, and writes nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

from cyclspec.language.rules.rule import Example, Rule
from cyclspec.language.rules.table import RULES
from cyclspec.language.spans import Source
from cyclspec.language.syntax import tree as t
from cyclspec.language.syntax.parse import parse
from cyclspec.language.types.functions import FUNCTIONS
from cyclspec.language.types.reducers import REDUCERS, Parameter, Reducer
from cyclspec.language.types.signatures import Function

ROOT = Path(__file__).resolve().parents[2]
DOCS, STD = ROOT / "docs", ROOT / "specs" / "std"
_SECTION = re.compile(r"^<!-- (\w+) -->\n(.*?)^<!-- end \1 -->$", re.MULTILINE | re.DOTALL)

_STDLIB = """# Standard library

These modules ship with cyclspec and are written in the language itself. Import one by its name:
`import std.metrics as m version "1"`, then `m.tv(p, q)`. This page is made from the comments of the modules.
"""

_RESULTS = {
    "same": "the same",
    "change": "the same, points for a share",
    "spread": "the same, a share for points",
    "square": "number",
    "dist": "distribution",
}
_TAKES = """A reducer works on numbers (in any unit), on truth values, on choices and levels, some on distributions,
texts or dates. *ordered* is a level or choice whose scale has an order, *pair* a choice between two options. Reducers
marked *along* keep the axis.
"""

_EXAMPLES = """\
`T` and `U` are kinds, `A` and `B` sets of axes, `S` a scale; `x : T @ A` is a value of kind `T` on axes `A`.
The examples are statements of an audit with `each item in survey.items`, `each town in town`, `each model in pair` and
`ask reply = neighbour(item, town) { model = model, read = first_token }`. A test checks every one of them.
"""


def module_of(path: Path) -> t.Module:
    """The parsed module of a file of the standard library."""
    parsed = parse(Source(path.name, path.read_text(encoding="utf-8")))
    assert parsed.module is not None, path
    return parsed.module


def stdlib() -> str:
    """The page of the standard library, from the `##` comments of its modules."""
    parts = [_STDLIB]
    for path in sorted(STD.glob("*.cycl")):
        module = module_of(path)
        parts.append(f"## std.{path.stem}\n")
        parts.append(_prose(module.doc))
        parts += [_declaration(decl) for decl in module.decls if not decl.name.name.startswith("_")]
    return "\n".join(parts)


def _prose(doc: tuple[str, ...]) -> str:
    """Documentation as paragraphs."""
    return "\n".join(line.strip() for line in doc).strip() + "\n"


def _declaration(decl: t.Decl) -> str:
    if not isinstance(decl, t.Metric):
        return f"### {decl.name.name}\n\nA {decl.kind}.\n\n{_prose(decl.doc)}"
    last = decl.result.span if decl.where is None else decl.where.span
    end = last.end - decl.span.start
    head, body = decl.span.text[decl.name.span.start - decl.span.start : end], decl.span.text[end:]
    body = body.partition("=")[2]
    unit = decl.result.span.text
    needs = "an ordered scale" if decl.where is not None else "any scale"
    return (
        f"### {decl.name.name}\n\n    {_on_one_line(head)}\n\n{_prose(decl.doc)}\n"
        f"Unit: `{unit}`. Works on {needs}. Definition:\n\n    {_indented(body)}\n"
    )


def _on_one_line(head: str) -> str:
    """A signature without the layout that several lines give it."""
    spaced = " ".join(head.split()).replace(" :", ":")
    return re.sub(r",? \)", ")", spaced.replace("( ", "("))


def _indented(body: str) -> str:
    """A definition as a block; its lines keep their places to each other."""
    below = body.lstrip(" ").startswith("\n")
    return indent(dedent(body.strip("\n")) if below else body.strip(), "    ").strip()


def reducers() -> str:
    """The table of reducers."""
    rows = ["| reducer | from → to | what it is | formula |", "|---|---|---|---|"]
    return "\n".join([_TAKES, *rows, *map(_reducer, REDUCERS.values())]) + "\n"


def _reducer(reducer: Reducer) -> str:
    arguments = ", ".join(map(_parameter, reducer.parameters))
    name = f"`{reducer.name}({arguments})`" if arguments else f"`{reducer.name}`"
    along = " *(along)*" if reducer.direction == "along" else ""
    weighted = " Can be weighted." if reducer.weighted else ""
    source = f" {reducer.source}." if reducer.source else ""
    takes = "; ".join(f"{operand} → {_RESULTS.get(result, result)}" for operand, result in reducer.takes)
    said = " ".join([reducer.says, *(_argument(parameter) for parameter in reducer.parameters)])
    return f"| {name}{along} | {takes} | {_cell(said + weighted + source)} | `{_cell(reducer.formula)}` |"


def _parameter(parameter: Parameter) -> str:
    return f"{parameter.name} = {parameter.default or '..'}"


def _argument(parameter: Parameter) -> str:
    words = f" (`{'`, `'.join(parameter.words)}`)" if parameter.words else ""
    left_out = "; may be left out" if parameter.default == "" else ""
    return f"`{parameter.name}`: {parameter.says}{words}{left_out}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def functions() -> str:
    """The table of builtin functions."""
    rows = ["| function | what it is | gives |", "|---|---|---|"]
    return "\n".join([*rows, *map(_function, FUNCTIONS.values())]) + "\n"


def _function(function: Function) -> str:
    takes = "; ".join(f"`{argument.name}`: {argument.is_a}" for argument in function.arguments)
    where = " Inside metrics only." if function.inside_metrics else ""
    said = f"{function.says}{where} {takes[:1].upper()}{takes[1:]}."
    return f"| `{function.name}({', '.join(function.formals)})` | {_cell(said)} | {_cell(function.gives)} |"


def rules() -> str:
    """The typing rules with an example that keeps each and one that breaks it."""
    return "\n".join([_EXAMPLES, *map(_rule, RULES)])


def _rule(rule: Rule) -> str:
    code = rule.breaks.code
    verb = "Warned about" if rule.breaks.severity == "warning" else "Refused"
    good = f"Holds:\n\n```\n{_shown(rule.good)}\n```\n\n" if rule.good.shown else ""
    refused = f"{verb} with [{code}](errors/{code}.md):\n\n```\n{_shown(rule.bad)}\n```\n"
    return (
        f"#### {rule.name[0].upper()}{rule.name[1:]}\n\n{rule.says}\n\n    {rule.formula}\n\n{good}{refused}"
    )


def _shown(example: Example) -> str:
    """Declarations as they are, and statements without the indentation that they have inside an audit."""
    return replace(example, statements=re.sub(r"^  ", "", example.statements, flags=re.MULTILINE)).shown


SECTIONS: Mapping[str, Callable[[], str]] = {"reducers": reducers, "functions": functions, "rules": rules}


def language(text: str) -> str:
    """The reference with its generated sections as they should be."""

    def section(found: re.Match[str]) -> str:
        return f"<!-- {found[1]} -->\n\n{SECTIONS[found[1]]()}\n<!-- end {found[1]} -->"

    return _SECTION.sub(section, text)


def pages() -> Mapping[Path, str]:
    """The pages that are made, or made in part, with what they should hold."""
    reference = DOCS / "language.md"
    return {DOCS / "stdlib.md": stdlib(), reference: language(reference.read_text(encoding="utf-8"))}


def stale() -> list[str]:
    """The names of pages that are not what this script writes."""
    return [
        path.name
        for path, text in pages().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main() -> int:
    """Writes the pages, or with `--check` says which are stale."""
    arguments = argparse.ArgumentParser(description="Write the generated pages of the documentation.")
    arguments.add_argument("--check", action="store_true", help="say which pages are stale, write nothing")
    if arguments.parse_args().check:
        found = stale()
        print(f"stale: {', '.join(found)}" if found else "up to date")
        return 1 if found else 0
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
