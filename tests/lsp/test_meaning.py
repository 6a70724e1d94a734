"""What hover shows and where a definition leads, in the shipped audit and in texts with mistakes."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Literal

import pytest
from marked import PROMPTS, QUICKSTART, SURVEY, at, view, written

from cyclspec.language.types import functions, reducers
from cyclspec.lsp.hover import harmless
from cyclspec.lsp.meaning import meaning
from cyclspec.lsp.navigation import definition, hints, outline, uses
from cyclspec.lsp.scan import scan
from cyclspec.lsp.view import idents


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("ask reply", "ask ¦reply", "ask reply : dist(item.options) @ item, country, model ! response"),
        ("reply, human", "reply, hu¦man", "let human : dist(item.options) @ item, country ! data"),
        ("each item", "each item¦", "each item : row invented.items @ item ! data"),
        ("each model", "each ¦model", "- `tiny` demo()"),
        (
            "measure alignment",
            "measure ¦alignment",
            "1 is a perfect match; the countries the model was trained on",
        ),
        ("item.options", "item.¦options", "invented.items.options : scale item.options @ item ! data"),
        ("person.weight", "person.¦weight", "invented.people.weight : real @ person ! data"),
        ("answers.value", "answers.¦value", "choice(item.options) @ item, person ! data"),
        ("reply.mass", "reply.¦mass", "mass : share @ item, country, model ! response"),
        ("survey.country", "survey.¦country", "- `zephrune` · XZE · en: Zephrune, es: Zefruna, zh: 泽弗伦"),
        ("m.js_distance", "m.¦js_distance", "metric js_distance(p: dist(S), q: dist(S)) -> share"),
        ("m.js_distance", "m.¦js_distance", "Jensen-Shannon distance, base two"),
        ("m.emd_norm", "m.¦emd_norm", "where S is ordinal"),
        ("m.js_distance", "¦m.js_distance", "module std.metrics"),
        (">= min_mass", ">= ¦min_mass", "`0.7` (default)"),
        (
            "as_resident(item",
            "¦as_resident(item",
            "prompt as_resident(item: invented.items, country: country, lang: lang)",
        ),
        ("lang = en", "¦lang = en", "lang: lang"),
        ("mean over", "¦mean over", reducers.REDUCERS["mean", "over"].says),
        ("uniform(item", "¦uniform(item", functions.FUNCTIONS["uniform"].says),
        ("first_token(", "¦first_token(", "at the first answer position"),
        ("on_fail", "¦on_fail", "What happens to the measures that a failing cell covers"),
        ("= withhold", "= ¦withhold", "get no number"),
        ("min_mass : share", "min_mass : ¦share", "A number in 0..1."),
        ("by country weighted", "by ¦country weighted", "country : country"),
    ],
)
def test_hover_says_what_a_name_is(old: str, new: str, shown: str) -> None:
    assert shown in at(QUICKSTART, old, new).hover()


def test_hover_and_definition_of_a_factor_behind_a_model() -> None:
    text = QUICKSTART.read_text(encoding="utf-8").replace(
        "model tiny = demo()",
        "## Where it is from.\n  factor origin : nominal { north }\n  model tiny = demo() { origin = north }",
    )
    statement = (
        "measure m by model : share = mean over item, country of (if model.ori¦gin == north then 1.0 else 0)"
    )
    marked = written(
        QUICKSTART, text.replace("  measure alignment", f"  {statement}\n\n  measure alignment", 1)
    )
    assert "models.origin" in marked.hover()
    assert "Where it is from." in marked.hover()
    assert marked.definition().endswith("origin")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("audit quickstart", "au¦dit quickstart"),
        ("of survey", "o¦f survey"),
        ("0.7", "0¦.7"),
        ("  check", "¦  check"),
        ("# ", "#¦ "),
    ],
)
def test_keywords_numbers_and_blanks_show_nothing(old: str, new: str) -> None:
    assert at(QUICKSTART, old, new).hover() == ""


@pytest.mark.parametrize(
    ("path", "old", "new", "place"),
    [
        (QUICKSTART, "reply, human)", "rep¦ly, human)", "quickstart.cycl:26: reply"),
        (QUICKSTART, "= as_resident", "= as_¦resident", "prompts.cycl:7: as_resident"),
        (QUICKSTART, "{ as_resident }", "{ ¦as_resident }", "prompts.cycl:7: as_resident"),
        (QUICKSTART, "m.js_distance", "m.js¦_distance", "std.metrics:60: js_distance"),
        (QUICKSTART, "invented.items", "invented.¦items", "survey.cycl:36: items"),
        (QUICKSTART, "invented.items", "¦invented.items", "survey.cycl:30: invented"),
        (QUICKSTART, "person.weight", "person.¦weight", "survey.cycl:65: weight"),
        (QUICKSTART, "over person", "over ¦person", "survey.cycl:61: person"),
        (QUICKSTART, '"quickstart/survey.cycl"', '"quick¦start/survey.cycl"', "survey.cycl:1: "),
        (QUICKSTART, "in models", "in ¦models", "quickstart.cycl:14: models"),
        (QUICKSTART, "model = model", "model = ¦model", "quickstart.cycl:24: model"),
        (QUICKSTART, "lang = en", "¦lang = en", "prompts.cycl:7: lang"),
        (PROMPTS, "{item.question}", "{it¦em.question}", "prompts.cycl:7: item"),
        (PROMPTS, "{item.question}", "{item.¦question}", "survey.cycl:40: question"),
        (PROMPTS, "country: country", "country: ¦country", "survey.cycl:9: country"),
        (PROMPTS, "choice(item.options)", "choice(item.¦options)", "survey.cycl:41: options"),
        (SURVEY, "ref(items)", "ref(¦items)", "survey.cycl:36: items"),
        (SURVEY, "weight > 0", "¦weight > 0", "survey.cycl:65: weight"),
        (SURVEY, "country : country", "country : ¦country", "survey.cycl:9: country"),
    ],
)
def test_a_definition_leads_to_where_a_name_is_declared(path: Path, old: str, new: str, place: str) -> None:
    assert at(path, old, new).definition() == place


def test_a_level_leads_to_its_declaration_and_shows_its_labels() -> None:
    marked = at(QUICKSTART, "in survey.country", "in survey.country where country == quor¦lith")
    assert marked.definition() == "survey.cycl:13: quorlith"
    assert "en: Quorlith, es: Cuorlit, zh: 阔利斯 · region = south" in marked.hover()
    spelled = at(QUICKSTART, "survey.invented.items\n", "survey.invented.items where item.theme in [wo¦rk]\n")
    assert spelled.definition() == "survey.cycl:42: work"


def test_names_keep_their_meaning_beside_mistakes() -> None:
    for broken in ("let z = (((", "ask = {", "measure m by : = mean over", "each in"):
        marked = at(
            QUICKSTART,
            "  check label_mass = (min over item, country of re",
            f"  {broken}\n  check label_mass = (min over item, country of re¦",
        )
        assert "dist(item.options) @ item, country, model" in marked.hover(), broken
    text = QUICKSTART.read_text(encoding="utf-8").replace("{ as_resident }", "{ as_resident")
    assert "panel models" in written(QUICKSTART, text.replace("in models", "in mod¦els")).hover()


def test_every_name_of_the_shipped_audits_means_something_but_for_words_of_languages() -> None:
    for path in (QUICKSTART, SURVEY, PROMPTS):
        here = view(path, {})
        assert here is not None
        bare = {ident.name for ident in idents(here.module.tree) if meaning(here, ident.span.start) is None}
        assert bare <= {"en", "zh", "es", "letters", "north", "south", "seen", "unseen", "inf"}, path


def test_what_is_declared_leads_to_itself() -> None:
    here = view(QUICKSTART, {})
    assert here is not None
    for decl in here.module.tree.decls:
        assert definition(here, decl.name.span.start) == decl.name.span


def test_uses_of_a_formal_are_found_in_templates_and_types() -> None:
    here = view(PROMPTS, {})
    assert here is not None
    target = definition(here, here.source.text.index("item: invented"))
    assert target is not None
    found = [span.begin.line for span in uses(here, target)]
    assert found == [7, 7, 13, 15, 20, 22, 27, 29]


HINDI = """cycl 1
axis देश : nominal { भारत "x" }
prompt पूछो(देश: देश) -> text { user "a \\u{e9} {देश}" }
"""


@pytest.mark.parametrize("spelling", ["NFC", "NFD"])
@pytest.mark.parametrize("name", ["देश", "e\u0301tat", "พื้นที่", "السُّعوديَّة"], ids=ascii)
def test_names_of_any_script_are_found_whole_in_text_and_in_holes(
    name: str, spelling: Literal["NFC", "NFD"], tmp_path: Path
) -> None:
    path = tmp_path / "main.cycl"
    text = unicodedata.normalize(spelling, HINDI.replace("देश", name))
    here = view(path, {path.resolve(): text})
    assert here is not None
    written = unicodedata.normalize(spelling, name)
    places = [match.start() for match in re.finditer(re.escape(written), text)]
    assert len(places) == 4
    for start in places:
        for offset in range(start, start + len(written)):
            found = meaning(here, offset)
            assert found is not None
            assert found.span.text == written
            assert found.subject.target is not None
    assert [span.start for span in uses(here, definition(here, places[0]))] == [places[0], places[2]]
    assert [span.start for span in uses(here, definition(here, places[1]))] == [places[1], places[3]]
    assert definition(here, text.index("{e9}") + 1) is None


def test_what_is_typed_of_a_name_is_the_whole_of_it(tmp_path: Path) -> None:
    text = "cycl 1\naxis e\u0301tat : nominal { x }\nparam p : e\u0301ta¦"
    found = scan(text.replace("¦", ""), text.index("¦"))
    assert found.typed == "e\u0301ta"
    assert written(tmp_path / "main.cycl", text + "\n").complete()[0] == "état"


def test_the_outline_has_declarations_and_what_is_in_them() -> None:
    here = view(SURVEY, {})
    assert here is not None
    found = {entry.name: entry for entry in outline(here)}
    assert list(found) == ["country", "age", "gender", "invented"]
    assert [level.name for level in found["age"].below] == ["young", "middle", "older"]
    tables = {table.name: table for table in found["invented"].below}
    assert [(column.name, column.detail) for column in tables["people"].below][-1] == ("weight", "real")


def test_hints_show_the_axes_of_a_let_and_follow_its_text() -> None:
    marked = at(
        QUICKSTART, "  let human", "  let flat = uniform(item.options)\n  let two = 1 + 1¦\n  let human"
    )
    shown = {hint.text: marked.text[: hint.offset].split()[-1] for hint in hints(marked.view())}
    assert shown == {" @ item": "flat", " @ item, country": "human"}


def test_what_a_spec_says_of_itself_cannot_become_a_link_an_image_or_a_tag() -> None:
    doc = "## See ![x](https://a.example/x.png) <img src=x> [y](z), `[a]` and ``` too\n"
    shown = at(QUICKSTART, "  ask reply", f"  {doc}  ask rep¦ly").hover()
    assert not re.search(r"(?<!\\)\[[xy]|(?<!\\)<img|https://", shown), shown
    assert harmless("use `tv[a]`, not [b](c://d)") == "use `tv[a]`, not \\[b\\](c\\:\\/\\/d)"
