"""CY07: what data, checkpoints and the plan can get wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cyclspec.language.diagnostics.base import Diagnostic, Severity


@dataclass(frozen=True, kw_only=True)
class ColumnMissing(Diagnostic):
    code: ClassVar[str] = "CY0701"
    title: ClassVar[str] = "column `{column}` is not in `{file}`"
    column: str
    file: str


@dataclass(frozen=True, kw_only=True)
class ColumnTypeDiffers(Diagnostic):
    code: ClassVar[str] = "CY0702"
    title: ClassVar[str] = "column `{column}` is {found} in the file and {declared} in the spec"
    column: str
    found: str
    declared: str


@dataclass(frozen=True, kw_only=True)
class CorpusHashDiffers(Diagnostic):
    code: ClassVar[str] = "CY0703"
    title: ClassVar[str] = "`{file}` does not match its hash"
    marker: ClassVar[str] = "the file is now sha256:{found}"
    file: str
    found: str


@dataclass(frozen=True, kw_only=True)
class LabelTokens(Diagnostic):
    """A label is several tokens for a model, or shares its token with another label."""

    code: ClassVar[str] = "CY0704"
    title: ClassVar[str] = "option labels are not {problem} for one model"
    problem: str


@dataclass(frozen=True, kw_only=True)
class OptionTokens(Diagnostic):
    """An option whose likelihood is read adds no token to the prompt, or the same tokens as another option."""

    code: ClassVar[str] = "CY0713"
    title: ClassVar[str] = "an option {problem} for one model"
    problem: str


@dataclass(frozen=True, kw_only=True)
class OptionBegins(Diagnostic):
    """An option is, token for token, how another begins, and likelihoods are not normalised."""

    code: ClassVar[str] = "CY0714"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "an option of ask `{ask}` is how another begins, and never less likely than it"
    ask: str


@dataclass(frozen=True, kw_only=True)
class OverBudget(Diagnostic):
    code: ClassVar[str] = "CY0705"
    title: ClassVar[str] = "the plan is larger than its budget"
    marker: ClassVar[str] = "{requests} requests; the limit is {limit}"
    requests: str
    limit: str


@dataclass(frozen=True, kw_only=True)
class EmptyCells(Diagnostic):
    code: ClassVar[str] = "CY0706"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{count} of {total} cells of {what} have nobody in them"
    count: int
    total: int
    what: str


@dataclass(frozen=True, kw_only=True)
class FileUnreadable(Diagnostic):
    """A file is absent, not a plain file, of another format, damaged, or over its size limit."""

    code: ClassVar[str] = "CY0707"
    title: ClassVar[str] = "`{file}` {problem}"
    file: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class BadRow(Diagnostic):
    """One value of a data file breaks its declaration; `place` names file, row and column."""

    code: ClassVar[str] = "CY0708"
    title: ClassVar[str] = "{problem}"
    problem: str


@dataclass(frozen=True, kw_only=True)
class EmptyTable(Diagnostic):
    code: ClassVar[str] = "CY0709"
    title: ClassVar[str] = "{what} has no rows"
    what: str


@dataclass(frozen=True, kw_only=True)
class CheckpointRefused(Diagnostic):
    """A checkpoint is absent, of an unknown architecture, without safetensors, or without a chat template."""

    code: ClassVar[str] = "CY0710"
    title: ClassVar[str] = "checkpoint `{model}` {problem}"
    model: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class PromptRefused(Diagnostic):
    """A prompt cannot be rendered for one model: a template fails, or the tokens are too many."""

    code: ClassVar[str] = "CY0711"
    title: ClassVar[str] = "prompt `{prompt}` {problem}"
    prompt: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class OtherDesign(Diagnostic):
    """Stored answers belong to another design than the audit that would be scored on them."""

    code: ClassVar[str] = "CY0712"
    title: ClassVar[str] = "run `{run}` answers another design"
    marker: ClassVar[str] = "this audit has design {given}, the run {here}"
    run: str
    here: str
    given: str


@dataclass(frozen=True, kw_only=True)
class OverMemory(Diagnostic):
    """The smallest wave of tokens that a model can be given takes more than `--memory` leaves it beside its weights."""

    code: ClassVar[str] = "CY0715"
    title: ClassVar[str] = "{limit} of memory are too little for model `{model}`"
    marker: ClassVar[str] = "the fewest tokens it can be given at once take {needed} beside the weights"
    model: str
    limit: str
    needed: str


@dataclass(frozen=True, kw_only=True)
class SharesLittle(Diagnostic):
    """The parts of a prompt stand in an order in which few prompts begin alike."""

    code: ClassVar[str] = "CY0716"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "the prompts of ask `{ask}` would share more if their parts stood in another order"
    ask: str


@dataclass(frozen=True, kw_only=True)
class NothingRecorded(Diagnostic):
    """No row of a table of recorded answers is for a cell of the ask that reads them."""

    code: ClassVar[str] = "CY0717"
    title: ClassVar[str] = "no row of `{table}` is for a cell of ask `{ask}`"
    table: str
    ask: str


@dataclass(frozen=True, kw_only=True)
class LevelsNotRecorded(Diagnostic):
    """Levels of an axis have no row in a table of recorded answers."""

    code: ClassVar[str] = "CY0718"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = "{count} of {total} levels of `{axis}` have no row in `{table}`"
    axis: str
    table: str
    count: int
    total: int


@dataclass(frozen=True, kw_only=True)
class HostedRefused(Diagnostic):
    """A hosted model cannot be asked what an ask needs: others run it, and tell only so much."""

    code: ClassVar[str] = "CY0719"
    title: ClassVar[str] = "hosted model `{model}` {problem}"
    model: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class PrefixFolded(Diagnostic):
    """The prefix of a prompt goes into the user's turn, since a hosted model begins its own."""

    code: ClassVar[str] = "CY0720"
    severity: ClassVar[Severity] = Severity.WARNING
    title: ClassVar[str] = (
        "the prefix of prompt `{prompt}` goes into the user's turn for hosted model `{model}`"
    )
    prompt: str
    model: str


@dataclass(frozen=True, kw_only=True)
class ReplyRefused(Diagnostic):
    """A file of replies does not fit the requests of a run; `place` names file and line."""

    code: ClassVar[str] = "CY0721"
    title: ClassVar[str] = "{problem}"
    problem: str


@dataclass(frozen=True, kw_only=True)
class RecordTooLong(Diagnostic):
    """A model may write too few tokens for the record it is asked for; `needed` says how many it takes."""

    code: ClassVar[str] = "CY0722"
    title: ClassVar[str] = "the record of ask `{ask}` needs {needed} of `{model}`, and may have {most}"
    ask: str
    model: str
    needed: str
    most: int


@dataclass(frozen=True, kw_only=True)
class SessionRefused(Diagnostic):
    """A dated session cannot be asked: there is none of that name, it is not due, or other weights answered it."""

    code: ClassVar[str] = "CY0723"
    title: ClassVar[str] = "session `{session}` {problem}"
    session: str
    problem: str
