"""Unprivileged experts, which read the query and the outputs like the student.

`fluent` understands every wording of the templates. `novice` misunderstands unusual wordings; it demonstrates the
student's first episodes. Both search for a file whose path they do not know, run one command and submit. If a query
matches no template, they look around and submit.
"""

from leap_kedro.environments.intercode_bash.environment import SUBMIT
from leap_kedro.environments.intercode_bash.tasks.templates import TEMPLATES
from leap_kedro.environments.intercode_bash.teaching.memory import Memory, Reading, alike
from leap_kedro.environments.intercode_bash.teaching.reasons import Clause
from leap_kedro.environments.protocol import Decision, Option

_LIKELY, _UNLIKELY = 1.0, 0.2
NOTHING = "true"
"""A command without effect or output."""


class BashExpert:
    """An `Expert` for InterCode Bash."""

    def __init__(self, fluent: bool) -> None:
        """Create an expert; `fluent` tells whether it understands unusual wordings."""
        self._fluent = fluent
        self._memory: Memory

    def start(self, opening: str) -> None:
        """Begin an episode."""
        self._memory = Memory(opening)

    def observe(self, action: str, observation: str) -> None:
        """Record an action, whoever chose it, and the observation that followed."""
        self._memory.observe(action, observation)

    def decide(self) -> Decision:
        """The next action and its reason."""
        return self.options()[0].decision

    def options(self) -> list[Option]:
        """The options, the decision first: for an unusual wording, all commands that it could mean."""
        memory, reading = self._memory, self._memory.reading
        if reading is None:
            return [Option(self._at_a_loss(), 1.0, "look")]
        if reading.file and memory.place(reading.file) is None:
            search = Decision(Clause.WHERE.format(file=reading.file), f"find {memory.root} -name {reading.file}")
            return [Option(search, 1.0, "find")]
        meant = reading.kind if reading.sure or self._fluent else TEMPLATES[reading.kind].taken_for
        kinds = [meant] if reading.sure or self._fluent else alike(meant)
        options = [self._option(kind, reading, _LIKELY if kind == meant else _UNLIKELY) for kind in kinds]
        total = sum(option.weight for option in options)
        return [Option(option.decision, option.weight / total, option.group) for option in options]

    def _option(self, kind: str, reading: Reading, weight: float) -> Option:
        """Run the command of one reading, or submit if its result is already there."""
        memory = self._memory
        command = memory.command(kind, reading) or NOTHING
        if memory.ran and memory.ran[-1][0] == command:
            return Option(Decision(Clause.DONE.value, SUBMIT), weight, "submit")
        if memory.output_of(command) == "" and memory.ran[-1][1]:
            # The change is made, but a later output would be taken for the answer.
            return Option(Decision(Clause.DONE.value, NOTHING), weight, kind)
        if memory.output_of(command) == "":
            return Option(Decision(Clause.DONE.value, SUBMIT), weight, "submit")
        does = Clause.DO.format(does=TEMPLATES[kind].does)
        place = memory.place(reading.file) if reading.file else None
        if place and not reading.file.startswith("/"):
            there = Clause.THERE.format(file=reading.file, folder=place.rpartition("/")[0])
            return Option(Decision(f"{there} {does}", command), weight, kind)
        return Option(Decision(does, command), weight, kind)

    def _at_a_loss(self) -> Decision:
        if self._memory.ran:
            return Decision(Clause.DONE.value, SUBMIT)
        return Decision(Clause.LOOK.value, f"ls -R {self._memory.root or '.'}")


EXPERTS = {"fluent": True, "novice": False}
"""Name of an expert -> whether it understands unusual wordings."""
