"""A small process that renders chat templates, so that a hostile one can cost neither time nor memory nor files.

Reads one JSON object from standard input: `template`, `variables`, `conversations`. Writes a JSON list with one entry a
conversation: `{"text": ...}` or `{"error": ...}`. Limits on processor time and memory are set before the template is
looked at; the sandbox refuses everything that is not plain data.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any, NoReturn

CPU_SECONDS = 20
MEMORY_BYTES = 2 << 30


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _environment(date: str) -> Any:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: str) -> NoReturn:
        from jinja2.exceptions import TemplateError

        raise TemplateError(str(message))

    def tojson(value: object, indent: int | None = None) -> str:
        return json.dumps(value, ensure_ascii=False, indent=indent)

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda _format: date
    return env


def main() -> None:
    _limit()
    asked = json.load(sys.stdin)
    out: list[dict[str, str]] = []
    try:
        template = _environment(asked["date"]).from_string(asked["template"])
    except Exception as error:  # noqa: BLE001 - whatever a template can do wrong is told
        out = [{"error": f"{type(error).__name__}: {error}"} for _ in asked["conversations"]]
        json.dump(out, sys.stdout)
        return
    for messages in asked["conversations"]:
        try:
            text = template.render(messages=messages, add_generation_prompt=True, **asked["variables"])
            out.append({"text": text})
        except Exception as error:  # noqa: BLE001 - as above
            out.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
