"""Every typing rule: the program that keeps it is clean, the one that breaks it gets the rule's own diagnostic."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_files import check_text, shown

from cyclspec.language.rules.rule import Rule
from cyclspec.language.rules.table import RULES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_keeps_a_rule_has_nothing_wrong(rule: Rule, tmp_path: Path) -> None:
    checked = check_text(tmp_path, rule.good.program)
    assert not checked.errors, shown(checked)
    assert rule.breaks not in {type(found) for found in checked.diagnostics}, shown(checked)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_breaks_a_rule_gets_its_diagnostic_and_no_other_error(rule: Rule, tmp_path: Path) -> None:
    checked = check_text(tmp_path, rule.bad.program)
    broken = [found for found in checked.diagnostics if isinstance(found, rule.breaks)]
    assert len(broken) == 1, shown(checked)
    assert set(checked.errors) <= set(broken), shown(checked)


def test_rules_have_names_of_their_own_and_say_something() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.formula and rule.says.endswith(".") for rule in RULES)
