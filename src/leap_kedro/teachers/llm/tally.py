"""Counts a model's usable replies, to decide whether a stage can continue."""

from collections import Counter
from dataclasses import dataclass, field

from leap_kedro.records import CorrectedEpisode, Rejection
from leap_kedro.teachers.llm.prompts import View

LEAST_JUDGED = 20
"""Minimum number of replies before the unusable share may stop the teacher."""

_LONGER = (
    "Raise `server.max_tokens` (thoughts count), or have the model think less by `server.extra`, in another experiment"
)
_REMEDIES = {
    Rejection.TRUNCATED: f"{_LONGER}.",
    Rejection.EMPTY: (
        f"See that it is a chat model that writes text. Where it thinks: {_LONGER}; or take another model."
    ),
    Rejection.NOT_TAKEN: (
        "Correct the parameter of `server` or `correction.teacher` that the server names. Where the prompt is too long "
        "for the model, lower `max_tokens` there, set `correction.teacher.view: causal`, or take another model; an "
        "experiment with other parameters needs another name."
    ),
}
"""What a user can do, by the most frequent fault."""
_OTHER_REMEDY = (
    "Three ways on: correct the prompts (a copy in conf/base/prompts/<environment> replaces the shipped one), delete "
    "prompts_used.json beside the corrections (data/03_corrections), and run the same command again; raise "
    "`correction.teacher.max_unusable_share`; or begin another experiment with a better model."
)


@dataclass(slots=True)
class Tally:
    """Counts replies, and decides when too many are unusable.

    Attributes:
        model: Name of the model.
        view: The teacher's view, which determines the number of replies per episode.
        max_unusable_share: Maximum share of unusable replies, once there are `LEAST_JUDGED`.
        replies: Number of replies.
        unusable: Number of unusable replies.
        faults: Number of faults by kind.
        last: Description of the last fault.
    """

    model: str
    view: View
    max_unusable_share: float
    replies: int = 0
    unusable: int = 0
    faults: Counter[Rejection] = field(default_factory=Counter)
    last: str = ""

    def count(self, corrected: CorrectedEpisode) -> None:
        """Count the replies about an episode: one in all, or one per step, depending on the view."""
        steps = [fault.step for fault in corrected.faults]
        self.faults.update(fault.rejection for fault in corrected.faults)
        self.last = corrected.faults[-1].detail if corrected.faults else self.last
        if not corrected.corrections:
            self.replies += bool(corrected.faults)
            self.unusable += bool(corrected.faults)
        elif self.view is View.EPISODE:
            self.replies += 1
        else:
            self.replies += len(corrected.corrections)
            self.unusable += sum(not said.action and said.step in steps for said in corrected.corrections)

    @property
    def stops(self) -> bool:
        """Whether there are enough replies, and too many of them are unusable."""
        return self.replies >= LEAST_JUDGED and self.unusable > self.max_unusable_share * self.replies

    @property
    def none_usable(self) -> bool:
        """Whether there were replies and all of them were unusable."""
        return 0 < self.replies == self.unusable

    def message(self) -> str:
        """A message for the user with the problem and the remedy."""
        kinds = ", ".join(f"{kind.value} {count}" for kind, count in self.faults.most_common())
        commonest = self.faults.most_common(1)[0][0]
        limit = (
            f", more than the share of {self.max_unusable_share:g} that `correction.teacher.max_unusable_share` allows"
        )
        return (
            f"{self.unusable} of {self.replies} replies of the model '{self.model}' cannot be used (faults: {kinds}; "
            f"the last: {self.last}){'' if self.none_usable else limit}. What could be used is kept. "
            f"{_REMEDIES.get(commonest, _OTHER_REMEDY)}"
        )
