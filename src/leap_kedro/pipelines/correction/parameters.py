"""Parameters of the correction."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from leap_kedro.language_models import ModelParameters, ServerParameters
from leap_kedro.language_models.parameters import Structured
from leap_kedro.records.parameters import Free, Overrides, StrictModel
from leap_kedro.teachers.llm.prompts import View


class Which(StrEnum):
    """Episodes that are corrected."""

    ALL = "all"
    """All episodes."""
    FAILED = "failed"
    """Those with a score below `failure_threshold` (the paper's choice)."""
    SOLVED = "solved"
    """All others."""


class TeacherKind(StrEnum):
    """Who corrects."""

    ORACLE = "oracle"
    """An unprivileged expert, overruled where the privileged state shows a much better action; needs no model."""
    LLM = "llm"
    """A language model behind an OpenAI-compatible server."""
    SELF = "self"
    """The present student, given the privileged state."""
    NONE = "none"
    """Nobody: the student's replies are kept. With `episodes: solved`, this is expert iteration."""


class TeacherParameters(StrictModel):
    """Who corrects, and how.

    Attributes:
        kind: Kind of the teacher.
        expert: Oracle only: name of the unprivileged expert; ``none`` for an environment without experts: the teacher
            stays near the student's own action.
        reject_leaks: Whether reasons that reveal more than the privilege level allows are rejected; off only to measure
            the effect of leaks.
        varied_wording: Oracle only: whether its reasons vary in wording, by episode and step.
        served: Self only: whether the student is prompted through the server, which must serve its present weights
            under the name `model`; if not, it is loaded.
        max_reply_tokens: Self only, loaded: limit of new tokens per reply.
        slots: Self only, loaded: number of concurrent episodes.
        model: LLM, or self if served: name of the model on the server; the same holds for the fields below.
        temperature: Temperature of sampling; None: the server's own.
        structured: How the server is made to answer in JSON.
        seed: Seed of sampling; None: no seed is sent.
        server: Values of the shared block `server` that differ for the teacher.
        view: LLM only: the part of an episode that it sees in one call.
        max_unusable_share: LLM only: the stage stops if a larger share of the replies is unusable.
        traced_episodes: LLM only: episodes per iteration whose calls are stored in full and traced in MLflow.
    """

    kind: TeacherKind = TeacherKind.ORACLE
    expert: str
    reject_leaks: bool = True
    varied_wording: bool = False
    served: bool = False
    max_reply_tokens: int = Field(default=64, ge=1)
    slots: Free[int] = Field(default=32, ge=1)
    model: str = Field(default="gpt-4o-mini", min_length=1)
    temperature: float | None = Field(default=0.0, ge=0.0, le=2.0)
    structured: Structured = Structured.AUTO
    seed: int | None = None
    server: Overrides = Field(default_factory=dict)
    view: View = View.EPISODE
    max_unusable_share: Free[float] = Field(default=0.5, ge=0.0, le=1.0)
    traced_episodes: Free[int] = Field(default=4, ge=0)

    @property
    def in_words(self) -> bool:
        """Whether the teacher is a model that is prompted through a server."""
        return self.kind is TeacherKind.LLM or (self.kind is TeacherKind.SELF and self.served)

    def language_model(self, server: ServerParameters) -> ModelParameters:
        """The teacher's model, on `server` with the values that differ for the teacher."""
        return server.overridden(self.server).model(
            self.model, self.temperature, structured=self.structured, seed=self.seed
        )


class CorrectionParameters(StrictModel):
    """Which episodes are corrected, and how much of them is learnt.

    Attributes:
        episodes: Which episodes are corrected.
        failure_threshold: Score below which an episode has failed, with `episodes: failed` or `solved`; 1: all that
            were not solved.
        privilege: Privilege level, per cent.
        max_corrections_per_episode: Steps of an episode are learnt up to this number of changed actions, because a
            better student does not reach the states after them; None: all steps.
        teacher: The teacher.
    """

    episodes: Which = Which.ALL
    failure_threshold: float = Field(default=1.0, gt=0, le=1)
    privilege: Literal[0, 25, 50, 75, 100] = 50
    max_corrections_per_episode: int | None = Field(default=None, ge=1)
    teacher: TeacherParameters

    @property
    def tells_the_student(self) -> bool:
        """Whether the loaded student corrects itself with privileged facts in its prompt."""
        return self.teacher.kind is TeacherKind.SELF and not self.teacher.served and self.privilege > 0
