"""The wheel holds everything that a user needs, as real files, and the quickstart runs from it anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the tracked files, so that nothing untracked slips in."""
    source = tmp_path_factory.mktemp("source")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    subprocess.run(
        ["tar", "--create", "--null", "--files-from=-", "--file", str(source / "all.tar")],
        cwd=ROOT,
        input=b"\0".join(n for n in listed.stdout.split(b"\0") if n and (ROOT / os.fsdecode(n)).exists()),
        check=True,
    )
    subprocess.run(["tar", "--extract", "--file", "all.tar"], cwd=source, check=True)
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_holds_code_specs_and_the_demo_model_under_one_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"cyclspec"}
    for needed in (
        "cyclspec/py.typed",
        "cyclspec/compiler/plan/plan.py",
        "cyclspec/runtime/engine/scoring.py",
        "cyclspec/language/syntax/table.json",
        "cyclspec/language/syntax/cycl.lark",
        "cyclspec/specs/std/metrics.cycl",
        "cyclspec/specs/methods/first_token.cycl",
        "cyclspec/specs/corpora/values/answers.parquet",
        "cyclspec/specs/quickstart.cycl",
        "cyclspec/specs/quickstart/data/answers.parquet",
        "cyclspec/specs/demo/model.safetensors",
        "cyclspec/specs/examples/data/items.parquet",
        "cyclspec/specs/corpora/dilemmas/cases.jsonl",
        "cyclspec/specs/corpora/sessions/replies.parquet",
        "cyclspec/specs/methods/dilemmas.cycl",
        "cyclspec/specs/templates/persona.cycl",
        "cyclspec/specs/templates/survey/items.jsonl",
        "cyclspec/specs/templates/dilemmas/cases.jsonl",
        "cyclspec/errors/CY0302.md",
        "cyclspec/language/canonical/schema.json",
    ):
        assert needed in names
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)


def test_every_tracked_source_file_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("compiler", "runtime", "specs"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".cycl", ".safetensors", ".jsonl", ".csv", ".parquet", ".toml"):
                assert f"cyclspec/{path.relative_to(ROOT)}" in names, path


def test_the_quickstart_runs_from_the_wheel_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    site, here = tmp_path / "site", tmp_path / "here"
    here.mkdir()
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(site)}
    where = subprocess.run(
        [sys.executable, "-c", "import cyclspec; print(cyclspec.__file__)"],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site))
    spec = site / "cyclspec" / "specs" / "quickstart.cycl"
    done = subprocess.run(
        [sys.executable, "-m", "cyclspec", "run", str(spec)],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "198 asked, 0 reused" in done.stderr
    assert "alignment" in done.stdout
