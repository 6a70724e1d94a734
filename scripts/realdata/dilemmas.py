"""The dilemma audit on MoralChoice and DailyDilemmas: imports both files, and runs a sample of each on the demo model.

    python scripts/realdata/dilemmas.py ../shared/data out

Each gets a folder below `out`: the corpus as its recipe imports it, under the name `dilemmas`, and the audit beside it.
`cyclspec run out/moralchoice/dilemmas.cycl -p n=680` asks all of it.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FORMS = HERE.parents[1] / "specs" / "corpora" / "dilemmas" / "forms.cycl"
FILES = {
    "moralchoice": "moralchoice/scenarios_moralchoice_high_ambiguity.csv",
    "dailydilemmas": "daily_dilemmas/dilemma.csv",
}


def cyclspec(*arguments: str | Path) -> None:
    """One command; its failure is this program's."""
    subprocess.run([sys.executable, "-m", "cyclspec", *map(str, arguments)], check=True)


def prepared(recipe: str, file: Path, out: Path) -> Path:
    """The folder of one corpus, and the audit in it."""
    folder = out / recipe
    folder.mkdir(parents=True, exist_ok=True)
    options = ("--recipe", recipe, "--name", "dilemmas", "-o", folder / "corpus", "--force")
    cyclspec("corpus", "import", file, *options)
    shutil.copy(FORMS, folder / "forms.cycl")
    shutil.copy(HERE / "dilemmas.cycl", folder / "dilemmas.cycl")
    return folder / "dilemmas.cycl"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="the folder with both data sets")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    for recipe, file in FILES.items():
        audit = prepared(recipe, given.data / file, given.out)
        cyclspec("plan", audit, "-p", "n=5000")
        cyclspec("run", audit, "--out", audit.parent / "runs")


if __name__ == "__main__":
    main()
