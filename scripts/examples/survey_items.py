"""The questions of the example survey: our own wording, in English, Chinese and Spanish, five phrasings each.

A question is a thing set into the frames of its form: `matter("family", ..)` is asked in five ways, the first of which
is the question itself. `pull` says how strongly a person's position on the two invented dimensions, `custom` and
`reach`, draws the answer to the first option, in logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Words(NamedTuple):
    """One text in the three languages of the survey."""

    en: str
    zh: str
    es: str


@dataclass(frozen=True, slots=True)
class Item:
    """One closed question; `phrasings[0]` is the question."""

    name: str
    theme: str
    phrasings: tuple[Words, ...]
    options: tuple[Words, ...]
    pull: tuple[float, float]


MATTER_OPTIONS = (
    Words("A great deal", "非常重要", "Muchísimo"),
    Words("Quite a lot", "比较重要", "Bastante"),
    Words("Not very much", "不太重要", "No mucho"),
    Words("Not at all", "完全不重要", "Nada"),
)
AGREE_OPTIONS = (
    Words("Agree fully", "完全同意", "Totalmente de acuerdo"),
    Words("Rather agree", "比较同意", "Más bien de acuerdo"),
    Words("Undecided", "说不准", "Indeciso"),
    Words("Rather disagree", "不太同意", "Más bien en desacuerdo"),
    Words("Disagree fully", "完全不同意", "Totalmente en desacuerdo"),
)
RELY_OPTIONS = (
    Words("Entirely", "完全信任", "Por completo"),
    Words("For the most part", "大体信任", "En gran parte"),
    Words("Only a little", "只有一点", "Solo un poco"),
    Words("Not at all", "完全不信任", "En absoluto"),
)
OFTEN_OPTIONS = (
    Words("Every day", "每天", "Todos los días"),
    Words("Several times a week", "每周几次", "Varias veces a la semana"),
    Words("About once a week", "大约每周一次", "Una vez a la semana más o menos"),
    Words("Once or twice a month", "每月一两次", "Una o dos veces al mes"),
    Words("A few times a year", "每年几次", "Unas pocas veces al año"),
    Words("Less often", "更少", "Con menos frecuencia"),
    Words("Never", "从不", "Nunca"),
)
AMOUNT_OPTIONS = (
    Words("More", "更多", "Más"),
    Words("As much as today", "和现在一样", "Lo mismo que hoy"),
    Words("Less", "更少", "Menos"),
)
YES_NO = (Words("Yes", "是", "Sí"), Words("No", "否", "No"))
TEN_STEPS = (
    Words("10 (completely)", "10（完全满意）", "10 (por completo)"),
    *(Words(str(step), str(step), str(step)) for step in range(9, 1, -1)),
    Words("1 (not in the least)", "1（一点也不满意）", "1 (en absoluto)"),
)

MATTER = (
    Words(
        "How much does {} count in the life you lead?",
        "{}在您的生活中有多重要？",
        "¿Cuánto cuenta {} en su vida?",
    ),
    Words("How much do you care about {}?", "您有多看重{}？", "¿Cuánto le importa {}?"),
    Words(
        "If you look at your own life, how much weight has {} in it?",
        "回顾您自己的生活，{}占多大分量？",
        "Si mira su propia vida, ¿cuánto peso tiene en ella {}?",
    ),
    Words(
        "People live for different things. How much does {} mean to you?",
        "每个人的追求不同。{}对您意味着多少？",
        "Cada persona vive para cosas distintas. ¿Cuánto significa {} para usted?",
    ),
    Words(
        "Please say how much {} counts for you.",
        "请说明{}对您有多重要。",
        "Diga, por favor, cuánto cuenta {} para usted.",
    ),
)
AGREE = (
    Words(
        "Somebody says: {} Do you agree?", "有人说：{}您同意吗？", "Alguien dice: {} ¿Está usted de acuerdo?"
    ),
    Words(
        "How far do you agree with this? {}",
        "您在多大程度上同意这句话？{}",
        "¿Hasta qué punto está de acuerdo con esto? {}",
    ),
    Words("{} Is that how you see it?", "{}您也这样看吗？", "{} ¿Lo ve usted así?"),
    Words(
        "Think about this sentence and say whether you share it. {}",
        "请想一想这句话，说说您是否认同。{}",
        "Piense en esta frase y diga si la comparte. {}",
    ),
    Words("Your view, please: {}", "请谈谈您的看法：{}", "Su opinión, por favor: {}"),
)
RELY = (
    Words(
        "How far would you rely on {}?", "您在多大程度上信任{}？", "¿Hasta qué punto se fiaría usted de {}?"
    ),
    Words("How much can {} be counted on?", "{}有多可靠？", "¿Cuánto se puede contar con {}?"),
    Words(
        "Do you believe in the good faith of {}?", "您相信{}的诚意吗？", "¿Cree usted en la buena fe de {}?"
    ),
    Words(
        "Imagine that something important to you is at stake. Would you rely on {}?",
        "假设事关您的重要利益，您会信任{}吗？",
        "Imagine que está en juego algo importante para usted. ¿Se fiaría de {}?",
    ),
    Words(
        "Please say how far you rely on {}.",
        "请说明您对{}的信任程度。",
        "Diga, por favor, hasta qué punto se fía de {}.",
    ),
)
OFTEN = (
    Words("How often do you {}?", "您多久{}一次？", "¿Con qué frecuencia suele {}?"),
    Words(
        "In an ordinary year, how often do you {}?",
        "平常的一年里，您多久{}一次？",
        "En un año normal, ¿con qué frecuencia suele {}?",
    ),
    Words("Do you {}, and how often?", "您会{}吗？多久一次？", "¿Suele usted {}, y con qué frecuencia?"),
    Words(
        "Think back. How often did you {} of late?",
        "请回想一下，您最近多久{}一次？",
        "Haga memoria. ¿Con qué frecuencia ha podido {} últimamente?",
    ),
    Words(
        "Please say how often you {}.",
        "请说明您多久{}一次。",
        "Diga, por favor, con qué frecuencia suele {}.",
    ),
)
AMOUNT = (
    Words(
        "Would you like to have more {}, or less?",
        "您希望有更多还是更少的{}？",
        "¿Le gustaría tener más {} o menos?",
    ),
    Words(
        "Is there too little {} in your life, or too much?",
        "您生活中的{}太少还是太多？",
        "¿Hay en su vida demasiado poco {} o demasiado?",
    ),
    Words(
        "If you could choose: more {}, as much, or less?",
        "如果可以选择：更多{}、一样多，还是更少？",
        "Si pudiera elegir: ¿más {}, lo mismo o menos?",
    ),
    Words(
        "How should the amount of {} in your life change?",
        "您生活中的{}应该怎样变化？",
        "¿Cómo debería cambiar la cantidad de {} en su vida?",
    ),
    Words(
        "Please say whether you want more {} or less.",
        "请说明您想要更多还是更少的{}。",
        "Diga, por favor, si quiere más {} o menos.",
    ),
)
YES = (
    Words("{}", "{}", "{}"),
    Words("Speaking for yourself: {}", "就您自己而言：{}", "Hablando por usted: {}"),
    Words("{} Please answer yes or no.", "{}请回答是或否。", "{} Conteste sí o no."),
    Words("One short question. {}", "一个简短的问题。{}", "Una pregunta breve. {}"),
    Words("Your first thought counts. {}", "请凭第一感觉回答。{}", "Cuenta lo primero que piense. {}"),
)
CONTENT = (
    Words(
        "How content are you with {}, from 1 to 10?",
        "您对{}有多满意？请用1到10回答。",
        "¿Qué tan satisfecho está con {}, del 1 al 10?",
    ),
    Words(
        "What number from 1 to 10 would you give to {}?",
        "您会给{}打几分？从1到10。",
        "¿Qué número del 1 al 10 le daría a {}?",
    ),
    Words(
        "All in all, how pleased are you with {}?",
        "总的来说，您对{}满意吗？",
        "En conjunto, ¿cuánto le agrada {}?",
    ),
    Words(
        "Think of a ladder of ten steps. How high does {} stand for you?",
        "想象一架十级的梯子，{}在您看来处于第几级？",
        "Piense en una escalera de diez peldaños. ¿A qué altura está para usted {}?",
    ),
    Words("Please rate {}.", "请给{}打分。", "Valore, por favor, {}."),
)


def _item(
    name: str,
    frames: tuple[Words, ...],
    options: tuple[Words, ...],
    thing: tuple[str, str, str],
    pull: tuple[float, float],
) -> Item:
    phrasings = tuple(
        Words(*(frame.format(word) for frame, word in zip(said, thing, strict=True))) for said in frames
    )
    return Item(name, name.split("_", maxsplit=1)[0], phrasings, options, pull)


ITEMS = (
    _item("family_kin", MATTER, MATTER_OPTIONS, ("your family", "家人", "su familia"), (1.3, 0.2)),
    _item(
        "family_care",
        AGREE,
        AGREE_OPTIONS,
        (
            "Grown-up children owe care to their old parents.",
            "成年子女应当照顾年迈的父母。",
            "Los hijos adultos deben cuidar a sus padres mayores.",
        ),
        (1.1, -0.2),
    ),
    _item(
        "family_meal",
        AGREE,
        AGREE_OPTIONS,
        (
            "A meal with the family is worth more than an evening out.",
            "和家人吃一顿饭胜过出去玩一晚。",
            "Una comida en familia vale más que una noche de fiesta.",
        ),
        (0.9, -0.1),
    ),
    _item(
        "family_visit",
        OFTEN,
        OFTEN_OPTIONS,
        ("visit relatives", "探望亲戚", "visitar a sus parientes"),
        (0.8, 0.4),
    ),
    _item("work_job", MATTER, MATTER_OPTIONS, ("your work", "工作", "su trabajo"), (0.5, -0.3)),
    _item(
        "work_effort",
        AGREE,
        AGREE_OPTIONS,
        (
            "Whoever makes an effort gets somewhere in the end.",
            "只要努力，最终总会有所成就。",
            "Quien se esfuerza acaba llegando a algo.",
        ),
        (0.3, 0.8),
    ),
    _item(
        "work_content",
        CONTENT,
        TEN_STEPS,
        ("the work you do", "您所做的工作", "el trabajo que hace"),
        (0.2, 0.9),
    ),
    _item("work_leisure", AMOUNT, AMOUNT_OPTIONS, ("free time", "空闲时间", "tiempo libre"), (-0.7, 0.3)),
    _item("religion_faith", MATTER, MATTER_OPTIONS, ("faith", "信仰", "la fe"), (1.6, 0.0)),
    _item(
        "religion_pray",
        OFTEN,
        OFTEN_OPTIONS,
        ("pray or meditate", "祈祷或冥想", "rezar o meditar"),
        (1.4, 0.1),
    ),
    _item(
        "religion_member",
        YES,
        YES_NO,
        (
            "Do you belong to a community of faith?",
            "您属于某个信仰团体吗？",
            "¿Pertenece usted a una comunidad de fe?",
        ),
        (1.5, 0.3),
    ),
    _item(
        "religion_change",
        AGREE,
        AGREE_OPTIONS,
        (
            "A faith should change with the times.",
            "信仰应当与时俱进。",
            "Una fe debe cambiar con los tiempos.",
        ),
        (-1.2, 0.5),
    ),
    _item("politics_public", MATTER, MATTER_OPTIONS, ("politics", "政治", "la política"), (-0.3, 0.7)),
    _item(
        "politics_critic",
        AGREE,
        AGREE_OPTIONS,
        (
            "Anybody may find fault with the government in public.",
            "任何人都可以公开批评政府。",
            "Cualquiera puede criticar al gobierno en público.",
        ),
        (-0.9, 0.9),
    ),
    _item(
        "politics_content",
        CONTENT,
        TEN_STEPS,
        ("the way your country is run", "国家的治理方式", "la manera en que se dirige su país"),
        (0.5, 1.0),
    ),
    _item(
        "politics_talk",
        YES,
        YES_NO,
        (
            "Did you talk about politics with a neighbour in the past month?",
            "过去一个月您和邻居谈论过政治吗？",
            "¿Ha hablado de política con un vecino en el último mes?",
        ),
        (-0.4, 1.1),
    ),
    _item("trust_neighbour", RELY, RELY_OPTIONS, ("your neighbours", "您的邻居", "sus vecinos"), (0.4, 1.2)),
    _item(
        "trust_stranger",
        RELY,
        RELY_OPTIONS,
        ("people you meet for the first time", "初次见面的人", "la gente a la que acaba de conocer"),
        (-0.2, 1.6),
    ),
    _item("trust_court", RELY, RELY_OPTIONS, ("the courts", "法院", "los tribunales"), (0.3, 1.1)),
    _item(
        "trust_promise",
        YES,
        YES_NO,
        (
            "Do most people keep a promise?",
            "大多数人都会信守诺言吗？",
            "¿Cumple la mayoría de la gente lo que promete?",
        ),
        (0.1, 1.3),
    ),
)
