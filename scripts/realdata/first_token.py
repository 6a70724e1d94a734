"""First-token alignment on GlobalOpinionQA and MENA Values: imports both, plans all of them, and runs a sample.

    python scripts/realdata/first_token.py ../shared/data out

Each gets a folder below `out`: the corpus as its recipe imports it, under the name `values`, and the spec
`specs/methods/first_token.cycl` with that corpus in the place of ours. All of it is asked by
`cyclspec run out/mena-values/first_token.cycl -p n=753 --model tiny=FOLDER`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "specs" / "methods" / "first_token.cycl"
PANELS = ROOT / "specs" / "panels" / "shown.cycl"


@dataclass(frozen=True, slots=True)
class Corpus:
    """A published file, how many of its questions have an order and at most ten options, and the countries of a run."""

    file: str
    items: int
    countries: tuple[str, ...]


CORPORA = {
    "globalopinionqa": Corpus(
        "globalopinionqa_and_moralchoice_distributions/distributional_test_globalopinionqa_small.json",
        703,
        ("france", "germany", "italy"),
    ),
    "mena-values": Corpus("mena_values/MenaValues_Benchmark.xlsx", 753, ("egypt", "iran", "morocco")),
}
# What the real corpora have otherwise: no Chinese, no themes in common, and shares in the place of respondents.
EDITS = (
    (r'"\.\./corpora/values/values\.cycl"', '"corpus/values.cycl"'),
    (r'"\.\./panels/shown\.cycl" +', '"shown.cycl" '),
    (
        r"(?s)## Question block by theme\..*?\n\n",
        "## How many questions, drawn from the seed.\nparam n : count = 30\n\n",
    ),
    (r"(?s)## Country block\..*?\n(?=param countries)", "## Country block.\n"),
    (r"(?s)(param countries : list\(survey\.country\) = )\[.*?\]", r"\1[{countries}]"),
    (r'(?s)  user\[zh\] """.*?""".*?\n', ""),
    (r"  prefix\[zh\] .*?\n", ""),
    (
        r"survey\.values\.items where item\.theme in themes",
        "sample(survey.values.items, n = n) where size(item.options) <= 10",
    ),
    (r"share over person by country of survey\.values\.answers\.value", "survey.values.shares.share"),
    (r"bootstrap\(over = \[item, person\], draws = 1000\)", "bootstrap(over = item, draws = 1000)"),
)


def adapted(text: str, countries: tuple[str, ...]) -> str:
    """The spec over a corpus of shares; every edit has to find its place."""
    for pattern, words in EDITS:
        text, count = re.subn(pattern, words, text)
        if not count:
            raise ValueError(f"{SPEC.name} has nothing like {pattern}")
    return text.replace("{countries}", ", ".join(countries))


def cyclspec(*arguments: str | Path) -> None:
    """One command; its failure is this program's."""
    subprocess.run([sys.executable, "-m", "cyclspec", *map(str, arguments)], check=True)


def prepared(recipe: str, data: Path, out: Path) -> Path:
    """The folder of one corpus, and the audit in it."""
    folder, corpus = out / recipe, CORPORA[recipe]
    folder.mkdir(parents=True, exist_ok=True)
    options = ("--recipe", recipe, "--name", "values", "-o", folder / "corpus", "--force")
    cyclspec("corpus", "import", data / corpus.file, *options)
    shutil.copy(PANELS, folder / PANELS.name)
    text = adapted(SPEC.read_text(encoding="utf-8"), corpus.countries)
    (folder / SPEC.name).write_text(text, encoding="utf-8")
    return folder / SPEC.name


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="the folder with both data sets")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    for recipe, corpus in CORPORA.items():
        audit = prepared(recipe, given.data, given.out)
        cyclspec("plan", audit, "-p", f"n={corpus.items}")
        cyclspec("run", audit, "--out", audit.parent / "runs")


if __name__ == "__main__":
    main()
