"""The questions of the simulated survey in this project's own words, under the names of the World Values Survey.

A question asks about the same thing as the variable whose name it has, so that the answers to the real one can take
the place of the simulated ones. `pull` says how the two invented value dimensions of a person, custom and reach, move
the answer along the scale; positive is towards its last option.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the survey in two languages; `scale` names its options in labels.py."""

    name: str
    scale: str
    en: str
    zh: str
    pull: tuple[float, float]


QUESTIONS: tuple[Question, ...] = (
    Question(
        "Q1",
        "importance",
        "How important is your family in your life?",
        "家庭在您的生活中有多重要？",
        (-0.7, 0.0),
    ),
    Question(
        "Q2",
        "importance",
        "How important are your friends in your life?",
        "朋友在您的生活中有多重要？",
        (0.2, -0.5),
    ),
    Question(
        "Q5",
        "importance",
        "How important is your work in your life?",
        "工作在您的生活中有多重要？",
        (-0.4, 0.1),
    ),
    Question(
        "Q6",
        "importance",
        "How important is religion in your life?",
        "宗教在您的生活中有多重要？",
        (-1.2, 0.1),
    ),
    Question(
        "Q29",
        "agree4",
        "Do you agree that men are, on the whole, better political leaders than women?",
        "您是否同意，总的来说男性比女性更适合做政治领导人？",
        (-0.9, 0.5),
    ),
    Question(
        "Q33",
        "agree5",
        "Do you agree that men should come before women when there is little work to be had?",
        "您是否同意，工作机会少的时候男性应当优先于女性？",
        (-1.0, 0.4),
    ),
    Question(
        "Q46",
        "happy",
        "Taking everything together, how happy are you?",
        "总的来说，您觉得自己有多幸福？",
        (-0.1, -0.4),
    ),
    Question(
        "Q47",
        "health",
        "How is your health at present?",
        "您目前的健康状况如何？",
        (0.2, -0.3),
    ),
    Question(
        "Q48",
        "freedom",
        "How much are you free to choose how your life goes?",
        "您在多大程度上能自由决定自己的生活？",
        (-0.3, 0.6),
    ),
    Question(
        "Q49",
        "satisfied_life",
        "How satisfied are you with your life these days?",
        "您近来对自己的生活有多满意？",
        (0.1, 0.4),
    ),
    Question(
        "Q57",
        "trust2",
        "Can most people be trusted, or does one have to be very careful?",
        "大多数人可以信任，还是与人打交道必须非常小心？",
        (0.2, -1.0),
    ),
    Question(
        "Q59",
        "trust4",
        "How far do you trust the people who live near you?",
        "您对住在附近的人有多信任？",
        (-0.3, -0.4),
    ),
    Question(
        "Q61",
        "trust4",
        "How far do you trust people whom you meet for the first time?",
        "您对初次见面的人有多信任？",
        (0.3, -0.9),
    ),
    Question(
        "Q71",
        "confidence",
        "How much confidence do you have in the government?",
        "您对政府有多少信心？",
        (-0.5, -0.2),
    ),
    Question(
        "Q106",
        "incomes",
        "Should incomes be more equal, or should they differ more?",
        "收入应当更加平均，还是应当拉开差距？",
        (0.2, 0.2),
    ),
    Question(
        "Q108",
        "responsibility",
        "Who should see to it that people have what they need?",
        "谁应当负责保障人们的生活所需？",
        (-0.1, 0.3),
    ),
    Question(
        "Q109",
        "competition",
        "Is competition good or harmful?",
        "竞争是好事还是坏事？",
        (0.2, -0.3),
    ),
    Question(
        "Q111",
        "environment",
        "Which should come first, the environment or economic growth?",
        "环境保护和经济增长，哪一个应当优先？",
        (0.4, -0.6),
    ),
    Question(
        "Q120",
        "risk",
        "How likely is it that someone here who takes a bribe is held to account?",
        "在这里，受贿的人被追究责任的可能性有多大？",
        (0.0, 0.4),
    ),
    Question(
        "Q121",
        "impact",
        "What do people who came from other countries do for the development of this one?",
        "来自其他国家的人对本国发展有什么影响？",
        (-0.4, 0.9),
    ),
    Question(
        "Q131",
        "secure",
        "How safe do you feel in your neighbourhood?",
        "您在自己的社区里觉得有多安全？",
        (0.0, -0.5),
    ),
    Question(
        "Q149",
        "freedom_equality",
        "If you had to choose, is freedom or equality more important?",
        "如果必须选择，自由和平等哪一个更重要？",
        (0.4, -0.2),
    ),
    Question(
        "Q158",
        "disagree_agree",
        "Do science and technology make our lives healthier and easier?",
        "科学技术是否使我们的生活更健康、更便利？",
        (-0.3, 0.5),
    ),
    Question(
        "Q160",
        "disagree_agree",
        "Do we rely too much on science and too little on faith?",
        "我们是否过于依赖科学而太少依靠信仰？",
        (0.9, -0.2),
    ),
    Question(
        "Q164", "important_god", "How important is God in your life?", "神在您的生活中有多重要？", (1.4, -0.1)
    ),
    Question(
        "Q169",
        "agree4",
        "When science and religion disagree, is religion always right?",
        "当科学与宗教不一致时，宗教总是对的吗？",
        (-1.1, 0.3),
    ),
    Question(
        "Q172",
        "pray",
        "How often do you pray?",
        "您多久祈祷一次？",
        (-1.2, 0.1),
    ),
    Question(
        "Q176",
        "agree_disagree",
        "Is it often hard to decide which moral rules are the right ones?",
        "是否常常难以判断哪些道德准则是对的？",
        (0.3, 0.2),
    ),
    Question(
        "Q178",
        "justifiable",
        "Can it be right not to pay the fare on a bus or train?",
        "乘坐公共交通不买票能接受吗？",
        (-0.3, -0.3),
    ),
    Question(
        "Q180",
        "justifiable",
        "Can it be right to cheat on taxes?",
        "偷税漏税能接受吗？",
        (-0.2, -0.4),
    ),
    Question(
        "Q182",
        "justifiable",
        "Can homosexuality be right?",
        "同性恋能接受吗？",
        (-1.2, 0.7),
    ),
    Question(
        "Q184",
        "justifiable",
        "Can abortion be right?",
        "堕胎能接受吗？",
        (-1.1, 0.5),
    ),
    Question(
        "Q185",
        "justifiable",
        "Can divorce be right?",
        "离婚能接受吗？",
        (-0.9, 0.5),
    ),
    Question(
        "Q196",
        "right",
        "Should the government have the right to film people in public places?",
        "政府是否应当有权在公共场所对人们进行录像监控？",
        (-0.4, 0.2),
    ),
    Question(
        "Q199",
        "interest",
        "How interested are you in politics?",
        "您对政治有多感兴趣？",
        (0.1, -0.4),
    ),
    Question(
        "Q200",
        "discuss",
        "How often do you talk about politics with your friends?",
        "您多久和朋友谈论一次政治？",
        (0.1, -0.4),
    ),
    Question(
        "Q202",
        "source",
        "How often do you get news from television?",
        "您多久通过电视了解一次新闻？",
        (-0.4, 0.1),
    ),
    Question(
        "Q206",
        "source",
        "How often do you get news from the internet?",
        "您多久通过互联网了解一次新闻？",
        (0.5, -0.5),
    ),
    Question(
        "Q209",
        "action",
        "Have you signed a petition, or would you?",
        "您是否在请愿书上签过名，或者会不会这样做？",
        (0.4, -0.7),
    ),
    Question(
        "Q211",
        "action",
        "Have you taken part in a peaceful demonstration, or would you?",
        "您是否参加过和平示威，或者会不会这样做？",
        (0.4, -0.5),
    ),
    Question(
        "Q224",
        "elections",
        "How often are votes counted fairly in this country's elections?",
        "在本国的选举中，选票多久能得到公正的统计？",
        (0.0, -0.6),
    ),
    Question(
        "Q235",
        "system",
        "What do you think of a strong leader who need not care about parliament and elections?",
        "您如何看待由一位不必理会议会和选举的强势领导人来治理国家？",
        (-0.7, 0.5),
    ),
    Question(
        "Q238",
        "system",
        "What do you think of having a democratic system?",
        "您如何看待实行民主制度？",
        (0.3, -0.5),
    ),
    Question(
        "Q240",
        "left_right",
        "Where do you place your views between left and right?",
        "在左与右之间，您会把自己的观点放在哪里？",
        (0.7, 0.0),
    ),
    Question(
        "Q250",
        "important10",
        "How important is it to you to live in a country that is governed democratically?",
        "生活在一个民主治理的国家对您有多重要？",
        (-0.3, 0.6),
    ),
    Question(
        "Q251",
        "democratic",
        "How democratically is this country governed today?",
        "本国目前的治理有多民主？",
        (0.1, 0.4),
    ),
    Question(
        "Q254", "proud", "How proud are you of your nationality?", "您对自己的国籍有多自豪？", (-0.7, 0.1)
    ),
    Question(
        "Q257", "close", "How close do you feel to your country?", "您对自己的国家感到有多亲近？", (-0.6, 0.0)
    ),
    Question(
        "Q259",
        "close",
        "How close do you feel to the world as a whole?",
        "您对整个世界感到有多亲近？",
        (0.3, -0.7),
    ),
)
