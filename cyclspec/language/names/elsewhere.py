"""What things are called elsewhere: the words of other languages and tools, and the words for them here.

A word here is only suggested where it is a candidate of the exact position, so that one word elsewhere can stand for
several here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_HERE: Final[Mapping[str, str]] = {
    # types
    "count": "int integer long number",
    "real": "float double decimal numeric number",
    "text": "string str varchar char",
    "bool": "boolean logical",
    "share": "percent percentage proportion probability prob frequency freq fraction",
    "nominal": "categorical category enum unordered",
    "ordinal": "ordered likert",
    "list": "array vector sequence set tuple",
    "date": "datetime day timestamp time",
    "lang": "language locale",
    "key": "id primary_key",
    "ref": "foreign_key reference",
    "dist": "distribution",
    "choice": "option answer",
    "record": "object struct dict",
    # reducers and functions
    "mean": "avg average",
    "sd": "std stdev stddev",
    "var": "variance",
    "sum": "total",
    "mode": "majority most_common",
    "quantile": "percentile",
    "pearson": "corr correlation",
    "size": "len length nrow",
    "is_missing": "isna isnull is_null isnan is_na",
    "minimum": "min",
    "maximum": "max",
    "diff": "lag delta difference",
    "sorted": "sort",
    # metrics
    "tv": "total_variation tvd",
    "kl": "kl_divergence kullback_leibler relative_entropy",
    "jsd": "js jensen_shannon js_divergence",
    "js_distance": "js jensenshannon jensen_shannon",
    "emd": "earth_mover",
    "emd_norm": "wasserstein earth_mover",
    "w1": "wasserstein wasserstein_distance",
    "entropy": "shannon shannon_entropy",
    "log_loss": "cross_entropy logloss nll",
    "brier": "brier_score",
    "same_mode": "accuracy acc argmax",
    "polarisation": "polarization",
    # readers, formats and places of models
    "sampled": "sample generate generated greedy",
    "option_likelihood": "logprobs logprob loglikelihood likelihood",
    "jsonl": "ndjson",
    "arrow": "feather ipc",
    "hf": "huggingface transformers hub",
    "local": "folder path file",
    "openai": "vllm api server http",
    # fields and words
    "model": "llm panel",
    "read": "reader",
    "interval": "ci confidence_interval",
    "withhold": "fail error",
    "letters": "letter alphabet",
    "numbers": "digits number",
}

ELSEWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    word: tuple(here for here, words in _HERE.items() if word in words.split())
    for word in dict.fromkeys(" ".join(_HERE.values()).split())
}
