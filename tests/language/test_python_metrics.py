"""Metrics written in Python: found, pinned and pure, or refused with the reason; nothing of them is executed."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest
from spec_files import check_text, codes, shown

from cyclspec.language.types import terms as h
from cyclspec.language.types.purity import impurities
from cyclspec.language.types.python_metrics import MAX_BYTES

PURE = '''"""Statistics of one audit."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy import special

SMALL = 1e-12
WEIGHTS: tuple[float, ...] = (1.0, -2.0, 2 * 3.0)


def _safe(x: np.ndarray, least: float = SMALL) -> Array:
    return jnp.maximum(x, least)


@jax.jit
def overdispersion(p: Array, q: Array) -> Array:
    """How far p is from q, in units of q's own spread."""
    def square(x: Array) -> Array:
        return x**2
    total = sum(float(w) for w in WEIGHTS)
    parts = [square(a) for a in (p - q, q - p)]
    entropy = special.entr(q).sum() + lax.fori_loop(0, 3, lambda i, x: x + i, 0.0)
    bias = math.log(len(parts)) * total
    return jnp.sum(parts[0]) / _safe(jnp.sum(q * (1 - q))).astype(jnp.float32) + 0 * (entropy + bias)
'''
SPEC = """cycl 1
metric spread(p: dist(S), q: dist(S)) -> ratio{where} = python "{target}"{pin}
audit one {{ let x = spread(uniform(colour), uniform(colour)) }}
scale colour : nominal {{ red, blue }}
"""


def project(folder: Path, source: str | bytes = PURE) -> str:
    """Writes `audits/stats.py` and returns its digest."""
    (folder / "cycl.lock").write_text("", encoding="utf-8")
    (folder / "audits").mkdir(exist_ok=True)
    data = source.encode() if isinstance(source, str) else source
    (folder / "audits" / "stats.py").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def spec(pin: str | None, target: str = "audits.stats:overdispersion", where: str = "") -> str:
    return SPEC.format(target=target, where=where, pin=f" hash sha256:{pin}" if pin else "")


@pytest.mark.parametrize("digits", [12, 40, 64])
def test_a_pinned_pure_function_is_a_metric(digits: int, tmp_path: Path) -> None:
    digest = project(tmp_path)
    checked = check_text(tmp_path, spec(digest[:digits]))
    assert codes(checked) == [], shown(checked)
    (term,) = (let.term for let in checked.require().audits["one"].lets)
    assert isinstance(term, h.MetricTerm)
    assert isinstance(term.body, h.PythonTerm)
    assert (term.body.module, term.body.function) == ("audits.stats", "overdispersion")
    assert term.body.hash == f"sha256:{digest}"


def test_a_python_metric_can_need_an_order(tmp_path: Path) -> None:
    digest = project(tmp_path)
    assert codes(check_text(tmp_path, spec(digest, where=" where S is ordinal"))) == ["CY0202"]


def test_a_function_without_a_pin_is_told_its_digest(tmp_path: Path) -> None:
    digest = project(tmp_path)
    checked = check_text(tmp_path, spec(None))
    assert codes(checked) == ["CY0602"]
    assert checked.errors[0].help == f"add `hash sha256:{digest[:12]}`"


def test_a_changed_function_is_refused_until_its_pin_is_changed(tmp_path: Path) -> None:
    before = project(tmp_path)
    after = project(tmp_path, PURE.replace("1e-12", "1e-9"))
    checked = check_text(tmp_path, spec(before))
    assert codes(checked) == ["CY0602"]
    assert f"sha256:{after[:12]}" in checked.errors[0].help
    assert codes(check_text(tmp_path, spec(after))) == []


@pytest.mark.parametrize(
    "target",
    [
        "audits.stats", "audits.stats:", ":overdispersion", "audits/stats:overdispersion", "../stats:f", "a..b:f",
        "audits.stats:over dispersion", "os:getcwd", "audits.gone:f", "audits.stats:nothing", "audits:overdispersion",
    ],
)  # fmt: skip
def test_what_is_no_function_of_the_project_is_refused(target: str, tmp_path: Path) -> None:
    checked = check_text(tmp_path, spec(project(tmp_path), target))
    assert codes(checked) == ["CY0602"], shown(checked)


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "inside"
    root.mkdir()
    digest = project(root)
    (root / "audits" / "stats.py").rename(tmp_path / "outside.py")
    (root / "audits" / "stats.py").symlink_to(tmp_path / "outside.py")
    checked = check_text(root, spec(digest))
    assert codes(checked) == ["CY0602"]
    assert "out of the project" in checked.errors[0].message


def test_what_is_read_has_a_limit_and_must_be_python(tmp_path: Path) -> None:
    cases = {
        b"#" * (MAX_BYTES + 1): "more than",
        b"def overdispersion(p, q:\n": "no Python",
        b"x = '\x00'\n": "no Python",
        b"x = " + b"-" * 50_000 + b"1\n": "",
        b"def overdispersion(p, q):\n    return " + b"+".join([b"p"] * 20_000) + b"\n": "",
    }
    for source, words in cases.items():
        checked = check_text(tmp_path, spec(project(tmp_path, source)))
        assert set(codes(checked)) <= {"CY0602"}
        assert words in "".join(d.message for d in checked.errors)


@pytest.mark.parametrize("formals", ["p", "p, q, r", "p, *q", "p, q, **r", "p, q, *, r=1"])
def test_the_arguments_are_those_of_the_metric(formals: str, tmp_path: Path) -> None:
    digest = project(tmp_path, f"def overdispersion({formals}):\n    return p\n")
    checked = check_text(tmp_path, spec(digest))
    assert codes(checked) == ["CY0602"]
    assert "arguments of the metric" in checked.errors[0].message


def test_nothing_of_the_file_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    digest = project(tmp_path, f"open({str(mark)!r}, 'w')\n\ndef overdispersion(p, q):\n    return p\n")
    assert codes(check_text(tmp_path, spec(digest))) == ["CY0602"]
    assert not mark.exists()


def body(*lines: str) -> str:
    return (
        "import jax\nimport jax.numpy as jnp\nimport numpy as np\n\ndef f(p, q):\n    "
        + "\n    ".join(lines)
        + "\n"
    )


IMPURE = {
    "import os\n": "imports `os`",
    "from os import path\n": "imports `os.path`",
    "import jax.random\n": "imports `jax.random`",
    "from jax import debug\n": "imports `jax.debug`",
    "from jax.numpy import *\n": "imports `jax.numpy.*`",
    "from jax.numpy import load\n": "imports `jax.numpy.load`",
    "from .other import g\n": "imports `.other.g`",
    "from jax.experimental import io_callback\n": "imports `jax.experimental.io_callback`",
    "state = []\n": "`state` is not a constant",
    "x = 1\nx = 2\n": "`x` is not a constant",
    "print('hello')\n": "does something when it is imported",
    "for i in range(3): pass\n": "does something when it is imported",
    "class A: pass\n": "does something when it is imported",
    "def f(p): return p\ndef f(p): return p\n": "defines `f` twice",
    "import functools\n@functools.cache\ndef f(p): return p\n": "imports `functools`",
    "def f(p, q=[]): return p\n": "has a default that is not a constant",
    "def f(p): return f(p)\n": "`f` calls itself",
    "def f(p): return g(p)\ndef g(p): return f(p)\n": "calls itself by",
    "def f(p):\n    g = lambda x: g(x)\n    return g(p)\n": "`g` calls itself",
    "def f(p):\n    def g(x):\n        return g(x)\n    return g(p)\n": "`g` calls itself",
    body("return open('x')"): "calls `open`",
    body("return eval('p')"): "calls `eval`",
    body("exec('p')", "return p"): "calls `exec`",
    body("return __import__('os')"): "calls `__import__`",
    body("return getattr(p, 'x')"): "calls `getattr`",
    body("return globals()"): "calls `globals`",
    body("return print(p)"): "calls `print`",
    body("return nothing(p)"): "uses the unknown name `nothing`",
    body("import os", "return p"): "imports inside a function",
    body("global state", "return p"): "changes a global name",
    body("while True:", "    p = p + 1", "return p"): "repeats without a bound",
    body("with p:", "    return p"): "opens a context",
    body("try:", "    return p", "except ValueError:", "    return q"): "catches errors",
    body("yield p"): "yields",
    body("p.x = 1", "return p"): "changes the attribute `x`",
    body("return p.__class__"): "uses `__class__`",
    body("return np.random.rand()"): "computes with `np`",
    body("return jnp.load('x')"): "uses `load`",
    body("return jnp.save('x', p)"): "uses `save`",
    body("return jax.debug.print('x')"): "uses `debug`",
    body("return jax.random.key(0)"): "uses `jax.random`",
    body("return jax.lax.while_loop(p, p, p)"): "uses `while_loop`",
    body("return p.tofile('x')"): "uses `tofile`",
}  # fmt: skip


@pytest.mark.parametrize(("source", "what"), IMPURE.items(), ids=[text.strip()[-40:] for text in IMPURE])
def test_what_is_not_pure_is_named_with_its_line(source: str, what: str) -> None:
    found = impurities(ast.parse(source))
    assert any(what in impurity.what for impurity in found), found
    assert all(impurity.line >= 1 for impurity in found)


def test_a_pure_file_has_nothing_to_say_of() -> None:
    assert impurities(ast.parse(PURE)) == []
