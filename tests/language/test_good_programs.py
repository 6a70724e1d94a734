"""Programs that are right: nothing is said of them, and their canonical form and hash are stable."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import GOOD, SHIPPED, module_of, name_of

from cyclspec import pipeline
from cyclspec.language.canonical.form import canonical, read, write
from cyclspec.language.canonical.hashes import module_hash

PROGRAMS = pytest.mark.parametrize("path", [*GOOD, *SHIPPED], ids=name_of)


def test_there_are_programs() -> None:
    assert len(GOOD) >= 14
    assert len(SHIPPED) >= 10


@PROGRAMS
def test_nothing_is_said_of_a_good_program(path: Path) -> None:
    checked = pipeline.check(path)
    assert checked.diagnostics == ()
    assert checked.context is not None


@PROGRAMS
def test_every_statement_of_a_good_program_is_typed(path: Path) -> None:
    for audit in pipeline.check(path).require().audits.values():
        assert all(measure.term.type.axes == set(measure.by) for measure in audit.measures)


@PROGRAMS
def test_the_canonical_form_reads_back_as_the_same_module(path: Path) -> None:
    module = module_of(path.read_text(encoding="utf-8"))
    assert read(write(module)) == module
    assert canonical(write(read(write(module)))) == canonical(write(module))


@PROGRAMS
def test_a_hash_depends_on_meaning_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    plain = [line for line in text.split("\n") if not line.lstrip().startswith("##")]
    loose = text.replace("\ncycl 1\n", "\n# a comment\n  cycl  1  # another\n\n")
    expected = module_hash(module_of(text))
    assert module_hash(module_of("\n".join(plain))) == expected
    assert module_hash(module_of(loose)) == expected
    assert len(expected) == 64


def test_good_programs_all_mean_something_else() -> None:
    hashes = [module_hash(module_of(path.read_text(encoding="utf-8"))) for path in (*GOOD, *SHIPPED)]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "audit"},
        {"kind": "module", "edition": "1"},
        {"kind": "module", "edition": 1, "decls": [{"kind": "unheard_of"}]},
        {"kind": "module", "edition": 1, "extra": 1},
        {"kind": "module", "edition": 1, "decls": [{"kind": "param", "name": 3}]},
        {"kind": "module", "edition": 1, "decls": [{"kind": "param", "name": "p"}]},
    ],
    ids=str,
)
def test_data_that_is_not_canonical_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        read(data)
