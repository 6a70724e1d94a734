"""`cyclspec json`: there, back, the bytes that are hashed, the schema, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from spec_files import ROOT, module_of

from cyclspec.cli.json import command
from cyclspec.language.canonical.decode import MAX_JSON_DEPTH
from cyclspec.language.canonical.form import canonical, write
from cyclspec.language.canonical.hashes import complete, module_hash

SCHEMA_FILE = ROOT / "cyclspec" / "language" / "canonical" / "schema.json"
DEPTH = MAX_JSON_DEPTH - 10
DEEP = (
    '{"kind": "module", "edition": 1, "decls": [{"kind": "param", "name": "p", "type": {"kind": "type", "name": ["a"]},'
    ' "default": ' + '{"op": "neg", "of": ' * DEPTH + '{"op": "name", "name": "x"}' + "}" * DEPTH + "}]}"
)


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), input=stdin, catch_exceptions=False)


def test_the_command_goes_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_text("## Doc.\ncycl 1\n\nparam p : real = 1\n", encoding="utf-8")
    forth = run(str(path))
    assert forth.exit_code == 0
    assert json.loads(forth.stdout) == write(module_of(path.read_text()))
    assert list(json.loads(forth.stdout)) == sorted(json.loads(forth.stdout))
    again = run("--back", "-", stdin=forth.stdout.encode())
    assert (again.exit_code, again.stdout) == (0, path.read_text())
    (tmp_path / "a.json").write_text(forth.stdout, encoding="utf-8")
    assert run("--back", str(tmp_path / "a.json")).stdout == path.read_text()
    assert run("-", stdin=path.read_bytes()).stdout == forth.stdout


def test_the_command_prints_the_bytes_that_are_hashed(tmp_path: Path) -> None:
    path = tmp_path / "a.cycl"
    path.write_text('## Doc.\ncycl 1\naudit a { title = "t" let x = "é" }\n', encoding="utf-8")
    module = module_of(path.read_text(encoding="utf-8"))
    assert run("--compact", str(path)).stdout_bytes == canonical(complete(module)).encode()
    hashed = run("--compact", "--hashed", str(path)).stdout_bytes
    assert hashlib.sha256(hashed).hexdigest() == module_hash(module)


def test_the_command_prints_the_schema() -> None:
    assert run("--schema").stdout == SCHEMA_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--schema", "x"), ("--back", "--compact", "x"), ("--back", "--hashed", "x"), ("--back",)],
)
def test_options_that_contradict_each_other_are_usage_errors(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("-",), b"cycl 1\nparam", "CY0012"),
        (("--back", "-"), b"{", "CY0015"),
        (("--back", "-"), DEEP.encode(), "CY0013"),
        (("absent.cycl",), None, "CY0014"),
        (("--back", "absent.json"), None, "CY0014"),
        (("--back", "."), None, "CY0014"),
        ((".",), None, "CY0014"),
    ],
)
def test_the_command_refuses_with_a_diagnostic(
    arguments: tuple[str, ...], stdin: bytes | None, code: str
) -> None:
    result = run(*arguments, stdin=stdin)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"error[{code}]" in result.stderr
