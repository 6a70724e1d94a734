"""The entry point: finds the command, runs it, and turns every failure into a message and an exit code.

Exit codes: 0 done, 1 refused before the first model call, 2 usage, 3 a check withheld measures, 4 the run failed,
70 internal error, 75 stopped part way (run again).
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Mapping
from typing import ClassVar

import click

from cyclspec import __version__

COMMANDS = {
    "check": "Check specs: names, types, axes, units, templates.",
    "explain": "Show a stage of a spec, one of its prompts, or what a diagnostic means.",
    "fmt": "Lay out specs anew, or say which would change.",
    "json": "Turn a spec into canonical JSON, or canonical JSON into a spec.",
    "plan": "Show what a run would ask and cost.",
    "run": "Run an audit: ask the models, score the answers, write the tables.",
    "requests": "Write what hosted models are to be asked, as files for a batch.",
    "answers": "Take the replies of hosted models back into a run.",
    "show": "Show a table of a run: measures, answers, requests, checks or people.",
    "score": "Score the answers of a run again.",
    "methods": "Write the methods section of a run, as Markdown or LaTeX.",
    "diff": "Say what two specs ask and score differently, and what would be asked again.",
    "corpus": "Bring survey data in, describe and check it, and give it to others.",
    "lock": "Pin everything that a spec reaches: modules, data, metrics in Python, models.",
    "pack": "Put an audit with all it needs into one file, to be run elsewhere.",
    "unpack": "Take an audit out of its pack.",
    "new": "Start an audit from a template, with your own data in place.",
    "lsp": "Serve an editor: diagnostics, hover, completion, definitions, formatting.",
    "doctor": "Show versions, devices, and what is usable here.",
}
REFUSED, WITHHELD, FAILED, INTERNAL, PARTIAL = 1, 3, 4, 70, 75


class RunFailed(Exception):
    """A run that was under way could not be finished."""


class LazyGroup(click.Group):
    """Imports a command's module only when that command is named.

    `known` are the commands with their help; the module of one is its name after `prefix`.
    """

    known: ClassVar[Mapping[str, str]] = COMMANDS
    prefix: ClassVar[str] = ""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.known:
            return None
        module = f"cyclspec.cli.{self.prefix}{cmd_name.replace('-', '_')}"
        command: click.Command = importlib.import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.known.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from cyclspec.language.names.suggest import did_you_mean

        if args and args[0] not in self.known and not args[0].startswith("-"):
            hint = " ".join(did_you_mean(args[0], self.known)).replace("`", "")
            raise click.UsageError(f"there is no command {args[0]!r}. {hint}".strip(), ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="cyclspec")
def group() -> None:
    """Audits of the cultural values of language models.

    An audit is a .cycl file. `check` it, `plan` it, `run` it, `show` what came out, `score` it anew.
    """


def _refusal(error: Exception) -> str | None:
    """The rendering of a refused spec, or None for any other error; imports nothing on the way of `--help`."""
    from cyclspec.language.diagnostics import SpecError
    from cyclspec.language.diagnostics.render import render

    return render(error.diagnostics, "text") if isinstance(error, SpecError) else None


def _report_internal(error: BaseException) -> str:
    """Writes the traceback to a file that can be sent along, and says so in one message."""
    import tempfile

    from cyclspec.language.diagnostics.render import printable

    stage = getattr(error, "stage", "an unexpected place")
    lines = traceback.format_exception(error)
    with tempfile.NamedTemporaryFile(
        "w", prefix="cyclspec-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(f"cyclspec {__version__}\npython {sys.version}\narguments {sys.argv[1:]}\n\n")
        file.write("".join(lines))
    summary = (str(error).splitlines() or [type(error).__name__])[0].removeprefix(f"{stage}: ")
    return (
        f"internal error in {stage}: {printable(summary)}\n"
        f"This is a fault of cyclspec, not of your audit. Please report it with {file.name}"
    )


def main() -> None:
    """Runs the command line and exits."""
    try:
        code = group.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        click.echo("stopped; what was answered is kept, run again to go on", err=True)
        sys.exit(PARTIAL)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except RunFailed as error:
        click.echo(f"the run failed: {error}", err=True)
        sys.exit(FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback ever reaches a user
        refusal = _refusal(error)
        if refusal is not None:
            click.echo(refusal, err=True)
            sys.exit(REFUSED)
        click.echo(_report_internal(error), err=True)
        sys.exit(INTERNAL)


if __name__ == "__main__":
    main()
