"""The oracle teacher: an unprivileged expert whose choice stands unless it is hopeless or another is much better.

It replays the student's episode in a fresh environment. At each decision an unprivileged expert, which follows the
student's own history, gives its choice and what else it considers; the oracle tells what each leads to; the constrained
expert (`constrained.py`) weighs the two. At 100 % the planner is followed instead, and the reasons name the secret.

The expert gives the reason as well. Where privilege departed from the expert's choice, a hint says so from 50 % on: a
general principle, at 75 % a guess at the place (`Phrasing.hinted`).
"""

from collections.abc import Iterable, Iterator, Sequence
from math import inf, isinf

from leap_kedro.environments.protocol import Benchmark, Decision, Environment, Option, Oracle
from leap_kedro.records import CorrectedEpisode, Episode, PrivilegedState
from leap_kedro.teachers.briefing import Briefing, Moment
from leap_kedro.teachers.checks import names
from leap_kedro.teachers.constrained import LEVELS, Constraint, constrained_expert
from leap_kedro.teachers.judging import Judge
from leap_kedro.teachers.replay import replay
from leap_kedro.teachers.unprivileged import executable_options


class OracleTeacher:
    """A `Teacher` with one of the privilege levels.

    Attributes:
        id: Name of the teacher: kind, level, expert.
        privilege: Privilege level, per cent.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        expert: str,
        privilege: int = 50,
        constraint: Constraint | None = None,
        reject_leaks: bool = True,
        varied_wording: bool = False,
    ) -> None:
        """A teacher on a benchmark.

        Args:
            benchmark: Where the episodes were played.
            expert: Name of the unprivileged expert.
            privilege: One of `LEVELS`.
            constraint: How privilege is held back; by default that of the level.
            reject_leaks: Whether a reason that names a secret is rejected; off only to measure what leaking does.
            varied_wording: Whether the same reason comes in various words, drawn by episode and step.

        Raises:
            ValueError: If the level is none of `LEVELS`.
        """
        if privilege not in LEVELS:
            raise ValueError(f"no privilege level {privilege} %; the levels are {', '.join(map(str, LEVELS))}")
        self.id = f"oracle-{privilege}-{expert}"
        self.privilege = privilege
        self._benchmark = benchmark
        self._expert = expert
        self._constraint = constraint or LEVELS[privilege]
        self._judge = Judge(self.id, privilege, reject_leaks)
        self._oracle: Oracle = benchmark.oracle()
        self._phrasing = benchmark.phrasing()
        self._varied_wording = varied_wording

    def correct_all(self, episodes: Iterable[Episode]) -> Iterator[CorrectedEpisode]:
        """One corrected episode after the other; see `Teacher.correct_all`."""
        for episode in episodes:
            yield self.correct(episode)

    def correct(self, episode: Episode) -> CorrectedEpisode:
        """What the teacher says of one episode; see `Teacher.correct_all`."""
        environment = self._benchmark.environment()
        expert = self._benchmark.expert(self._expert, episode.seed)
        moments: list[Moment] = []
        advice: dict[int, Decision | None] = {}
        for index, seen in replay(environment, episode, expert):
            state = self._oracle.state(environment)
            moments.append(Moment(state, self._oracle.secrets(state), seen.admissible))
            options = executable_options(expert, environment, seen.admissible)
            decision = self.decide(environment, options) if state.plan else None
            if decision is not None and self._varied_wording:
                decision = Decision(self._phrasing.varied(decision.reason, f"{episode.id}/{index}"), decision.action)
            advice[index] = decision
        corrections = self._judge.corrections(Briefing(episode, tuple(moments)), advice)
        return CorrectedEpisode(episode.id, tuple(corrections), hidden=moments[0].state if moments else None)

    def decide(self, environment: Environment, options: Sequence[Option]) -> Decision | None:
        """What the teacher would do where `environment` stands; None if it knows of nothing.

        Args:
            environment: At a decision; it is left as it is.
            options: What the unprivileged expert considers there, as `executable_options` gives it.
        """
        if self.privilege == 100:
            return self._planned(environment, options)
        if not options:
            return None
        chosen = _Weighing(self._oracle, environment, self._constraint).choose(options)
        decision = options[chosen].decision
        if chosen == 0:
            return decision
        return Decision(self._phrasing.hinted(decision, options[chosen].group, self.privilege), decision.action)

    def _planned(self, environment: Environment, options: Sequence[Option]) -> Decision | None:
        """What the planner does; the expert's choice, where it is as good."""
        state = self._oracle.state(environment)
        if not state.plan:
            return None
        if options:
            (after,) = self._oracle.lookahead(environment, [options[0].decision.action])
            if after is not None and after < len(state.plan):
                return Decision(_naming(state, options[0].decision.action), options[0].decision.action)
        return Decision(_naming(state, state.plan[0]), state.plan[0])


class _Weighing:
    """The constrained expert at one moment."""

    def __init__(self, oracle: Oracle, environment: Environment, constraint: Constraint) -> None:
        self._oracle = oracle
        self._environment = environment
        self._constraint = constraint

    def choose(self, options: Sequence[Option]) -> int:
        """Index of the option to be taken; 0, the expert's choice, unless it is hopeless or another is much better."""
        constraint = self._constraint
        if len(options) == 1 or isinf(constraint.temperature):
            return 0
        prior = self._prior(options)
        now = self._oracle.cost_to_go(self._environment)
        if now is None or (prior[0] >= max(prior) and self._advantages(options[:1], now) == [0]):
            return 0
        advantages = self._advantages(options, now)
        tilted = _best_of_group(options, advantages) if constraint.by_group else advantages
        weights = constrained_expert(prior, tilted, constraint.temperature)
        chosen = weights.index(max(weights))
        hopeless = advantages[0] is None
        return chosen if hopeless or _saving(advantages) >= constraint.least_saving else 0

    def _prior(self, options: Sequence[Option]) -> list[float]:
        """The expert's choice with the trust that it has, the rest by common knowledge; by groups, if so set."""
        trust = self._constraint.trust
        weights = _by_group(options) if self._constraint.by_group else [option.weight for option in options]
        return [(trust if index == 0 else 0.0) + (1 - trust) * weight for index, weight in enumerate(weights)]

    def _advantages(self, options: Sequence[Option], now: int) -> list[int | None]:
        """A(s, a) of each option: 0 where it is on a shortest way, else minus the actions that it loses."""
        costs = self._oracle.lookahead(self._environment, [option.decision.action for option in options])
        return [None if cost is None else now - 1 - cost for cost in costs]


def _by_group(options: Sequence[Option]) -> list[float]:
    """Weight of each option's group on the first of the group, 0 on the others."""
    total: dict[str, float] = {}
    for option in options:
        total[option.group] = total.get(option.group, 0.0) + option.weight
    return [total.pop(option.group, 0.0) for option in options]


def _best_of_group(options: Sequence[Option], advantages: Sequence[int | None]) -> list[float | None]:
    """The largest advantage within each option's group; None where the option itself cannot be done."""
    best: dict[str, float] = {}
    for option, advantage in zip(options, advantages, strict=True):
        if advantage is not None:
            best[option.group] = max(best.get(option.group, -inf), advantage)
    return [
        None if advantage is None else best[option.group] for option, advantage in zip(options, advantages, strict=True)
    ]


def _saving(advantages: Sequence[int | None]) -> int:
    """Actions lost, at the least, by trying the options in the expert's order until a best one comes."""
    possible = [advantage for advantage in advantages if advantage is not None]
    lost = 0
    for advantage in possible:
        if advantage == max(possible):
            break
        lost -= advantage
    return lost


def _naming(state: PrivilegedState, action: str) -> str:
    """The facts that the action rests on: a reason that names the secret outright."""
    concerned = [name for name in state.essentials if names(action, name)]
    concerning = [fact for fact in state.facts if any(names(fact, name) for name in concerned)]
    return " ".join(concerning or state.facts)
