"""How the teacher corrects."""

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
    """All of them."""
    FAILED = "failed"
    """Those with a score below `CorrectionParameters.failure_threshold` (the paper's choice)."""


class TeacherKind(StrEnum):
    """Who corrects."""

    ORACLE = "oracle"
    """An unprivileged expert whose choice stands unless privilege shows a much better one; no model needed."""
    LLM = "llm"
    """A language model behind an OpenAI-compatible server."""
    SELF = "self"
    """The student as it is now, told the secret."""


class TeacherParameters(StrictModel):
    """Who corrects, and how.

    Attributes:
        kind: Who.
        expert: Oracle only: name of the unprivileged expert.
        reject_leaks: Whether a reason that names more of the secret than its level allows is rejected; off only to
            measure what leaking does.
        varied_wording: Oracle only: whether its reasons come in various words, drawn by episode and step.
        served: Self only: whether the student is asked in words through the server, which has to serve its present
            weights under the name `model`; if not, it is loaded.
        max_reply_tokens: Self only, loaded: limit of new tokens a reply.
        slots: Self only, loaded: episodes under way at once.
        model: LLM only, and self if served: the model's name on the server; likewise those that follow.
        temperature: Temperature of sampling; None: the server's own.
        structured: How the server is made to answer in JSON.
        seed: Seed of sampling; None: none is sent.
        server: How the server is reached and what one run of the stage may cost: single values that replace those of
            the shared block `server`.
        view: LLM only: what of an episode it sees in one call.
        max_unusable_share: LLM only: the stage stops when a larger share of the replies cannot be used.
        traced_episodes: LLM only: episodes an iteration whose calls are kept in full, and are traces in MLflow.
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
        """Whether the teacher is asked in words, through a server."""
        return self.kind is TeacherKind.LLM or (self.kind is TeacherKind.SELF and self.served)

    def language_model(self, server: ServerParameters) -> ModelParameters:
        """The model that is asked, on `server` with what differs for the teacher."""
        return server.overridden(self.server).model(
            self.model, self.temperature, structured=self.structured, seed=self.seed
        )


class CorrectionParameters(StrictModel):
    """What is corrected, and what of it is learnt.

    Attributes:
        episodes: Which episodes are corrected.
        failure_threshold: Score below which an episode has failed, with `episodes: failed`; 1: all that were not
            solved.
        privilege: How much of the privileged state comes through, per cent.
        max_corrections_per_episode: Steps of an episode are learnt up to this many changed actions; None: all. Where a
            student is after that is nowhere that a better one comes to.
        teacher: Who corrects.
    """

    episodes: Which = Which.ALL
    failure_threshold: float = Field(default=1.0, gt=0, le=1)
    privilege: Literal[0, 25, 50, 75, 100] = 50
    max_corrections_per_episode: int | None = Field(default=None, ge=1)
    teacher: TeacherParameters

    @property
    def tells_the_student(self) -> bool:
        """Whether the student's own weights are told the secret, to correct with it."""
        return self.teacher.kind is TeacherKind.SELF and not self.teacher.served and self.privilege > 0
