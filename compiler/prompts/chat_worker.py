"""A small process that renders chat templates, so that a hostile one can cost neither time nor memory nor files.

Reads one JSON object from standard input: `template`, `variables`, `date`, `conversations`. Writes a JSON list with one
entry a conversation: `{"text": ...}` or `{"error": ...}`. Limits on processor time and memory are set before the
template is looked at, a text that grows too long is given up, and the sandbox refuses everything that is not plain
data. What a template can name is what transformers gives it: the same filters, tags and absent tools.
"""

from __future__ import annotations

import datetime
import json
import resource
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

MEMORY_BYTES = 2 << 30
MOST_CHARACTERS = 1 << 20
_SECONDS, _RENDERED_A_SECOND = 3, 200


def seconds_for(conversations: int) -> int:
    """The processor time, in seconds, that a template may take for so many conversations."""
    return _SECONDS + conversations // _RENDERED_A_SECOND


def _limit(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _raise_exception(message: str) -> NoReturn:
    from jinja2.exceptions import TemplateError

    raise TemplateError(str(message))


# The signature is that of the filter in transformers.
def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def _environment(date: datetime.date) -> Any:
    from jinja2 import nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks what a model says; here it leaves no trace."""

        tags = {"generation"}

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = _tojson
    env.globals["raise_exception"] = _raise_exception
    env.globals["strftime_now"] = date.strftime
    return env


def _told(error: Exception) -> dict[str, str]:
    return {"error": f"{type(error).__name__}: {error}".rstrip(": ")}


def _reply(template: Any, variables: Mapping[str, Any]) -> dict[str, str]:
    parts: list[str] = []
    length = 0
    try:
        for part in template.generate(**variables):
            length += len(part)
            if length > MOST_CHARACTERS:
                return {"error": f"it writes more than {MOST_CHARACTERS:,} characters"}
            parts.append(part)
    except Exception as error:  # noqa: BLE001 - whatever a template can do wrong is told
        return _told(error)
    return {"text": "".join(parts)}


def main() -> None:
    asked = json.load(sys.stdin)
    conversations = asked["conversations"]
    _limit(seconds_for(len(conversations)))
    # transformers passes all of these to every template, and templates ask whether they are none.
    common = {"tools": None, "documents": None, "add_generation_prompt": True, **asked["variables"]}
    try:
        template = _environment(datetime.date.fromisoformat(asked["date"])).from_string(asked["template"])
    except Exception as error:  # noqa: BLE001 - as above
        json.dump([_told(error)] * len(conversations), sys.stdout)
        return
    json.dump([_reply(template, {**common, "messages": m}) for m in conversations], sys.stdout)


if __name__ == "__main__":
    main()
