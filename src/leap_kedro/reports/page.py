"""One self-contained HTML page per iteration: results, episodes and corrections.

All texts of models and environments are escaped. The page has no script and loads nothing, which its content security
policy enforces.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leap_kedro.evaluation.sampling import sample
from leap_kedro.evaluation.success import EvaluationSummary
from leap_kedro.evaluation.tables import in_order
from leap_kedro.evaluation.wording import conditions_in_words, interval_in_words, kind_in_words
from leap_kedro.records import Correction, Episode, Step, Verdict
from leap_kedro.reports.figures import policy_names, split_names

_VERDICTS = {Verdict.KEEP: "kept", Verdict.CORRECT: "corrected"}
SHOWN = 12
"""Episodes in each section of a page."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of an episode's table: a step and its correction, if there is one."""

    number: int
    step: Step
    correction: Correction | None

    @property
    def teacher_says(self) -> str:
        """The start of the teacher's column."""
        if self.correction is None:
            return ""
        if self.correction.rejection is not None:
            return f"rejected: {kind_in_words(self.correction.rejection.value)}"
        return "keeps it" if self.correction.verdict is Verdict.KEEP else "corrects it"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page.

    Attributes:
        title: Its heading.
        total: Number of all episodes.
        episodes: The shown episodes with their decisions.
        corrected: Whether there is a column for the teacher.
    """

    title: str
    total: int
    episodes: tuple[tuple[Episode, tuple[Decision, ...]], ...]
    corrected: bool


def render_page(
    experiment: str,
    iteration: int,
    summaries: Sequence[EvaluationSummary],
    rollouts: Sequence[Episode],
    corrections: Mapping[str, Sequence[Correction]],
    evaluation: Sequence[Episode],
) -> str:
    """The page as HTML.

    Args:
        experiment: Name of the experiment.
        iteration: k.
        summaries: Results of all policies up to pi_k.
        rollouts: The student's episodes on training tasks.
        corrections: Id of an episode -> its corrections.
        evaluation: Episodes of pi_k on validation and test tasks.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("leap_kedro.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"interval": interval_in_words, "kind": kind_in_words}
    ordered = in_order(summaries)
    return environment.get_template("page.html.jinja").render(
        experiment=experiment,
        iteration=iteration,
        conditions=conditions_in_words(ordered[0].conditions) if ordered else "",
        splits=split_names(summaries),
        policies=policy_names(summaries),
        results={(summary.policy, summary.conditions.split): summary for summary in summaries},
        counts=correction_counts(corrections),
        sections=[
            _section("Rollouts on training tasks, with the teacher's corrections", rollouts, corrections),
            _section(f"Evaluation of pi_{iteration}", evaluation, {}),
        ],
    )


def correction_counts(corrections: Mapping[str, Sequence[Correction]]) -> dict[str, int]:
    """Number of corrections that were kept, corrected, or rejected, by cause."""
    return dict(
        Counter(
            f"rejected: {kind_in_words(correction.rejection.value)}"
            if correction.rejection
            else _VERDICTS[correction.verdict]
            for of_episode in corrections.values()
            for correction in of_episode
        )
    )


def _section(title: str, episodes: Sequence[Episode], corrections: Mapping[str, Sequence[Correction]]) -> Section:
    shown = tuple(
        (episode, _decisions(episode, corrections.get(episode.id, ()))) for episode in sample(episodes, SHOWN)
    )
    return Section(title, len(episodes), shown, bool(corrections))


def _decisions(episode: Episode, corrections: Sequence[Correction]) -> tuple[Decision, ...]:
    by_step = {correction.step: correction for correction in corrections}
    return tuple(Decision(number + 1, step, by_step.get(number)) for number, step in enumerate(episode.steps))
