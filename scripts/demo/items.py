"""The ordinal items of the demo survey: our own questions, one scale each, 2 to 10 options."""

from __future__ import annotations

from wording import AGREE, CONTENT, IMPORTANT, LIKELY, MORE_OR_FEWER, OFTEN, RELY, YES_NO, Item, Words, ladder

DK = ("-1",)
BOTH = ("-1", "-2")


def _item(
    name: str,
    question: Words,
    options: tuple[Words, ...],
    loadings: tuple[float, float],
    battery: str | None = None,
    missing: tuple[str, ...] = (),
) -> Item:
    return Item(name, name.split("_", maxsplit=1)[0], battery, question, options, (loadings,), missing)


def _matter(name: str, what: Words, loadings: tuple[float, float], battery: str) -> Item:
    question = Words(
        f"How important is it to you {what.en}?",
        f"{what.zh}，这对您来说有多重要？",
        f"¿Qué importancia tiene para usted {what.es}?",
    )
    return _item(name, question, IMPORTANT, loadings, battery, DK)


def _claim(
    name: str,
    claim: Words,
    loadings: tuple[float, float],
    battery: str | None = None,
    *,
    refusable: bool = False,
) -> Item:
    question = Words(
        f"Do you agree with this sentence? {claim.en}",
        f"您同意这句话吗？{claim.zh}",
        f"¿Está usted de acuerdo con esta frase? {claim.es}",
    )
    return _item(name, question, AGREE, loadings, battery, BOTH if refusable else DK)


def _rely(name: str, whom: Words, loadings: tuple[float, float]) -> Item:
    question = Words(
        f"How far do you rely on {whom.en}?",
        f"您在多大程度上信任{whom.zh}？",
        f"¿Cuánto confía usted en {whom.es}?",
    )
    return _item(name, question, RELY, loadings, "reliance", BOTH)


FAMILY = (
    _matter(
        "family_meals",
        Words(
            "to eat with your relatives most days",
            "平日里多和亲人一起吃饭",
            "comer con sus parientes casi a diario",
        ),
        (1.2, 0.2),
        "kin",
    ),
    _matter(
        "family_near",
        Words(
            "to live within a short walk of your parents", "住得离父母很近", "vivir a un paso de sus padres"
        ),
        (1.4, -0.3),
        "kin",
    ),
    _matter(
        "family_stories",
        Words(
            "that children know the stories of their ancestors",
            "让孩子知道祖辈的故事",
            "que los niños conozcan las historias de sus antepasados",
        ),
        (1.1, 0.5),
        "kin",
    ),
    _claim(
        "family_chores",
        Words(
            "Everyone in a home should do an equal part of the chores.",
            "家里每个人都应该分担同样多的家务。",
            "En una casa todos deben hacer la misma parte de las tareas.",
        ),
        (-1.3, 0.5),
        "household",
    ),
    _claim(
        "family_consent",
        Words(
            "Adult children should ask the family before they marry.",
            "成年子女结婚前应先征求家里的意见。",
            "Los hijos adultos deben consultar a la familia antes de casarse.",
        ),
        (1.6, -0.2),
        "household",
        refusable=True,
    ),
    _claim(
        "family_care",
        Words(
            "A good job should wait when a relative needs care.",
            "亲人需要照顾时，好工作也应该放一放。",
            "Un buen empleo debe esperar cuando un pariente necesita cuidados.",
        ),
        (1.0, 0.6),
        "household",
    ),
    _item(
        "family_grandparents",
        Words(
            "How much of a say should grandparents have in decisions of the family?",
            "祖父母在家庭决定中应有多大的发言权？",
            "¿Cuánta voz deben tener los abuelos en las decisiones de la familia?",
        ),
        ladder(Words("none", "没有", "ninguna"), Words("the last word", "最终决定权", "la última palabra")),
        (-1.3, -0.1),
    ),
)

WORK = (
    _matter(
        "work_useful",
        Words("that your work is of use to others", "您的工作对别人有用", "que su trabajo sirva a los demás"),
        (-0.2, 1.3),
        "job",
    ),
    _matter(
        "work_steady",
        Words(
            "that your job is safe for years", "您的工作多年稳定", "que su empleo esté seguro durante años"
        ),
        (1.0, -0.8),
        "job",
    ),
    _matter(
        "work_own_way",
        Words("to do your work in your own way", "按自己的方式做工作", "hacer su trabajo a su manera"),
        (-1.3, 0.4),
        "job",
    ),
    _claim(
        "work_first",
        Words(
            "A task should be finished even if the evening is lost.",
            "哪怕搭上整个晚上，也要把事情做完。",
            "Hay que acabar la tarea aunque se pierda la tarde.",
        ),
        (0.8, -0.9),
    ),
    _claim(
        "work_venture",
        Words(
            "It is better to try a business and fail than never to try.",
            "创业失败也比从不尝试好。",
            "Más vale abrir un negocio y fracasar que no intentarlo.",
        ),
        (-1.2, 0.8),
    ),
    _item(
        "work_content",
        Words(
            "All in all, how content are you with your daily work?",
            "总的来说，您对日常工作有多满意？",
            "En conjunto, ¿qué tan contento está con su trabajo diario?",
        ),
        CONTENT,
        (0.4, 1.1),
        missing=DK,
    ),
    _item(
        "work_rest_day",
        Words(
            "How often do you do a piece of work on a day of rest?",
            "您多久会在休息日做一次工作？",
            "¿Con qué frecuencia trabaja un poco en un día de descanso?",
        ),
        OFTEN,
        (-0.7, -1.0),
    ),
)

TRUST = (
    _rely("trust_neighbours", Words("the people next door", "隔壁邻居", "la gente de al lado"), (0.7, 1.1)),
    _rely(
        "trust_strangers",
        Words("people you meet for the first time", "初次见面的人", "quien ve por primera vez"),
        (-0.6, 1.6),
    ),
    _rely(
        "trust_arrivals",
        Words("people who moved here lately", "新搬来的人", "quienes acaban de mudarse aquí"),
        (-0.9, 1.4),
    ),
    _rely("trust_council", Words("the town council", "镇议会", "el concejo del pueblo"), (0.5, 1.2)),
    _item(
        "trust_lost_bag",
        Words(
            "You leave a bag in the street. What are the odds that somebody returns it?",
            "您把包忘在街上，有人送还的可能性有多大？",
            "Olvida un bolso en la calle. ¿Qué posibilidad hay de que alguien lo devuelva?",
        ),
        LIKELY,
        (0.1, 1.6),
        missing=DK,
    ),
    _item(
        "trust_lend",
        Words(
            "Would you lend your tools to somebody you met only yesterday?",
            "您会把工具借给昨天刚认识的人吗？",
            "¿Prestaría sus herramientas a alguien que conoció ayer?",
        ),
        YES_NO,
        (-0.3, 1.7),
        missing=BOTH,
    ),
    _item(
        "trust_paper",
        Words(
            "How much of what the local paper prints do you believe?",
            "您相信多少本地报纸刊登的内容？",
            "¿Cuánto cree de lo que publica el periódico local?",
        ),
        ladder(Words("nothing", "一点不信", "nada"), Words("everything", "全部相信", "todo")),
        (-0.4, -1.2),
        missing=DK,
    ),
    _claim(
        "trust_unwatched",
        Words(
            "People here keep the rules even when nobody is looking.",
            "这里的人没人看着也守规矩。",
            "Aquí la gente cumple las reglas aunque nadie mire.",
        ),
        (0.4, 1.3),
    ),
)

COMMUNITY = (
    _item(
        "community_hand",
        Words(
            "How often do you lend a neighbour a hand?",
            "您多久帮邻居一次忙？",
            "¿Con qué frecuencia echa una mano a un vecino?",
        ),
        OFTEN,
        (0.8, 1.1),
        "taking_part",
    ),
    _item(
        "community_meeting",
        Words(
            "How often do you go to a meeting about local matters?",
            "您多久参加一次讨论本地事务的会议？",
            "¿Con qué frecuencia acude a una reunión sobre asuntos locales?",
        ),
        OFTEN,
        (-0.2, 1.4),
        "taking_part",
    ),
    _item(
        "community_feasts",
        Words(
            "Should the town hold more or fewer street feasts?",
            "镇上的街头节庆应该更多还是更少？",
            "¿Debe el pueblo celebrar más o menos fiestas en la calle?",
        ),
        MORE_OR_FEWER,
        (0.9, 1.0),
        missing=DK,
    ),
    _claim(
        "community_customs",
        Words(
            "Old customs deserve to be kept even if few still follow them.",
            "老风俗即使少有人遵守也值得保留。",
            "Las viejas costumbres merecen conservarse aunque pocos las sigan.",
        ),
        (1.6, 0.1),
    ),
    _claim(
        "community_quiet",
        Words(
            "What people do at home is no business of the street.",
            "别人在家里做什么，街坊不必过问。",
            "Lo que cada cual hace en casa no es asunto de la calle.",
        ),
        (-1.2, -0.5),
    ),
    _item(
        "community_leave",
        Words(
            "Would it be hard for you to leave this town for good?",
            "永远离开这个镇子，对您来说难吗？",
            "¿Le costaría dejar este pueblo para siempre?",
        ),
        (
            Words("Very hard", "非常难", "Muchísimo"),
            Words("Rather hard", "比较难", "Bastante"),
            Words("Rather easy", "比较容易", "Poco"),
            Words("Very easy", "非常容易", "Nada"),
        ),
        (1.3, 0.4),
        missing=DK,
    ),
)

FUTURE = (
    _item(
        "future_children",
        Words(
            "Will today's children live better or worse than their parents?",
            "今天的孩子将来会比父母过得更好还是更差？",
            "¿Vivirán los niños de hoy mejor o peor que sus padres?",
        ),
        (
            Words("Better", "更好", "Mejor"),
            Words("The same", "一样", "Igual"),
            Words("Worse", "更差", "Peor"),
        ),
        (-0.5, 1.2),
        missing=DK,
    ),
    _claim(
        "future_machines",
        Words(
            "Machines that think will make daily life better.",
            "会思考的机器将改善日常生活。",
            "Las máquinas que piensan mejorarán la vida diaria.",
        ),
        (-1.3, 0.7),
        "tomorrow",
        refusable=True,
    ),
    _claim(
        "future_slow",
        Words("The world is changing too fast.", "世界变化得太快了。", "El mundo cambia demasiado deprisa."),
        (1.4, -0.6),
        "tomorrow",
    ),
    _item(
        "future_move",
        Words(
            "How likely are you to live in another town ten years from now?",
            "十年后您住在别的镇子的可能性有多大？",
            "¿Qué probabilidad hay de que viva en otro pueblo dentro de diez años?",
        ),
        LIKELY,
        (-1.4, 0.2),
        missing=DK,
    ),
    _item(
        "future_hope",
        Words(
            "How hopeful are you about the next ten years?",
            "您对未来十年抱有多大希望？",
            "¿Cuánta esperanza tiene en los próximos diez años?",
        ),
        ladder(Words("no hope", "没有希望", "ninguna"), Words("full of hope", "充满希望", "toda")),
        (0.3, -1.3),
    ),
)

ORDINAL: tuple[Item, ...] = (*FAMILY, *WORK, *TRUST, *COMMUNITY, *FUTURE)
