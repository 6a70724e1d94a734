"""Chinese labels of the scales that the recipe of the World Values Survey has in English."""

from __future__ import annotations


def _ten(first: str, last: str) -> tuple[str, ...]:
    return (first, *(str(number) for number in range(2, 10)), last)


# The Chinese labels of each scale, in the order of the codes of the recipe.
LABELS: dict[str, tuple[str, ...]] = {
    "importance": ("非常重要", "比较重要", "不太重要", "完全不重要"),
    "agree4": ("非常同意", "同意", "不同意", "非常不同意"),
    "agree5": ("非常同意", "同意", "既不同意也不反对", "不同意", "非常不同意"),
    "happy": ("非常幸福", "比较幸福", "不太幸福", "一点也不幸福"),
    "health": ("非常好", "好", "一般", "差", "非常差"),
    "freedom": _ten("完全没有", "非常多"),
    "satisfied_life": _ten("完全不满意", "完全满意"),
    "trust2": ("大多数人可以信任", "必须非常小心"),
    "trust4": ("完全信任", "比较信任", "不太信任", "完全不信任"),
    "confidence": ("非常多", "比较多", "不太多", "完全没有"),
    "incomes": _ten("收入应当更加平均", "收入差距应当拉大"),
    "responsibility": _ten("政府应当承担更多责任", "个人应当为自己承担更多责任"),
    "competition": _ten("竞争是好事", "竞争是坏事"),
    "environment": ("保护环境", "经济增长", "其他回答"),
    "risk": _ten("毫无风险", "风险非常高"),
    "impact": ("非常坏", "比较坏", "不好不坏", "比较好", "非常好"),
    "secure": ("非常安全", "比较安全", "不太安全", "一点也不安全"),
    "freedom_equality": ("自由", "平等"),
    "disagree_agree": _ten("完全不同意", "完全同意"),
    "important_god": _ten("完全不重要", "非常重要"),
    "pray": (
        "每天几次",
        "每天一次",
        "每周几次",
        "只在参加宗教活动时",
        "只在特殊节日",
        "每年一次",
        "更少",
        "从不或几乎从不",
    ),
    "agree_disagree": _ten("完全同意", "完全不同意"),
    "justifiable": _ten("绝对不能接受", "完全可以接受"),
    "right": ("一定应当有权", "大概应当有权", "大概不应当有权", "一定不应当有权"),
    "interest": ("非常感兴趣", "比较感兴趣", "不太感兴趣", "完全不感兴趣"),
    "discuss": ("经常", "偶尔", "从不"),
    "source": ("每天", "每周", "每月", "每月不到一次", "从不"),
    "action": ("做过", "可能会做", "绝不会做"),
    "elections": ("很经常", "比较经常", "不太经常", "从来没有"),
    "system": ("非常好", "比较好", "比较坏", "非常坏"),
    "left_right": _ten("左", "右"),
    "important10": _ten("完全不重要", "绝对重要"),
    "democratic": _ten("完全不民主", "完全民主"),
    "proud": ("非常自豪", "比较自豪", "不太自豪", "一点也不自豪", "我不是这个国籍"),
    "close": ("非常亲近", "亲近", "不太亲近", "一点也不亲近"),
}
