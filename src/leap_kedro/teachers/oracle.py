"""The oracle teacher: it follows an unprivileged expert unless its choice is hopeless or another is much better.

The teacher replays the student's episode. At each decision, an unprivileged expert that follows the student's history
gives its options, the oracle gives the consequences of each, and the constrained expert (`constrained.py`) chooses. At
100 % the teacher follows the planner instead, and its reasons name the secret.

The expert also gives the reason. If the teacher departs from the expert's choice, it adds a hint from 50 % on: a
general principle, and at 75 % a guess at the place (`Phrasing.hinted`).
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
from leap_kedro.teachers.unprivileged import NO_EXPERT, PLANNER, NoExpert, executable_options, expert_of, intended


class OracleTeacher:
    """A `Teacher` with one of the privilege levels.

    Args:
        benchmark: The benchmark of the episodes.
        expert: Name of the unprivileged expert; `NO_EXPERT`: it stays near the student's own action; `PLANNER`: it
            follows the plan at any level, and its reasons are plain.
        privilege: Privilege level, per cent; one of `LEVELS`.
        constraint: How the use of privilege is limited; by default that of the level.
        reject_leaks: Whether a reason that names a secret is rejected; off only to measure the effect of leaks.
        varied_wording: Whether the wording of reasons varies with episode and step.

    Raises:
        ValueError: If the level is not one of `LEVELS`.
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
        if privilege not in LEVELS:
            raise ValueError(f"unknown privilege level {privilege} %; the levels are {', '.join(map(str, LEVELS))}")
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
        """See `Teacher`."""
        return map(self.correct, episodes)

    def correct(self, episode: Episode) -> CorrectedEpisode:
        """Corrects one episode; see `Teacher.correct_all`."""
        environment = self._benchmark.environment()
        expert = expert_of(self._benchmark, self._expert, episode.seed)
        moments: list[Moment] = []
        advice: dict[int, Decision | None] = {}
        for index, seen in replay(environment, episode, expert):
            state = self._oracle.state(environment)
            moments.append(Moment(state, self._oracle.secrets(state), seen.admissible))
            if isinstance(expert, NoExpert):
                expert.preferred = episode.steps[index].action
            options = executable_options(expert, environment, seen.admissible)
            decision = self.decide(environment, options) if state.plan else None
            if decision is not None and self._varied_wording:
                decision = Decision(self._phrasing.varied(decision.reason, f"{episode.id}/{index}"), decision.action)
            advice[index] = decision
        corrections = self._judge.corrections(Briefing(episode, tuple(moments)), advice)
        return CorrectedEpisode(episode.id, tuple(corrections), hidden=moments[0].state if moments else None)

    def decide(self, environment: Environment, options: Sequence[Option]) -> Decision | None:
        """The teacher's decision in the current state of `environment`; None if it has none.

        Args:
            environment: An environment at a decision, which is not changed.
            options: The unprivileged expert's `executable_options` there.
        """
        if self._expert == PLANNER:
            plan = self._oracle.state(environment).plan
            return intended(plan[0]) if plan else None
        if self.privilege == 100:
            return self._planned(environment, options)
        if self._expert == NO_EXPERT:
            options = _with_planned(options, self._oracle.state(environment).plan)
        if not options:
            return None
        chosen = _Weighing(self._oracle, environment, self._constraint).choose(options)
        decision = options[chosen].decision
        if chosen == 0:
            return decision
        return Decision(self._phrasing.hinted(decision, options[chosen].group, self.privilege), decision.action)

    def _planned(self, environment: Environment, options: Sequence[Option]) -> Decision | None:
        """The expert's choice if it is as good as the plan, otherwise the first action of the plan."""
        state = self._oracle.state(environment)
        if not state.plan:
            return None
        action = state.plan[0]
        if options:
            (after,) = self._oracle.lookahead(environment, [options[0].decision.action])
            if after is not None and after < len(state.plan):
                action = options[0].decision.action
        return Decision(_naming(state, action), action)


class _Weighing:
    """The constrained expert at one moment."""

    def __init__(self, oracle: Oracle, environment: Environment, constraint: Constraint) -> None:
        self._oracle = oracle
        self._environment = environment
        self._constraint = constraint

    def choose(self, options: Sequence[Option]) -> int:
        """Index of the option to take; 0, the expert's choice, unless it is hopeless or another is much better."""
        constraint = self._constraint
        if len(options) == 1 or isinf(constraint.temperature):
            return 0
        prior = self._prior(options)
        now = self._oracle.cost_to_go(self._environment)
        if now is None:
            return 0
        advantages = self._advantages(options[:1], now)
        if prior[0] >= max(prior) and advantages == [0]:
            return 0
        advantages += self._advantages(options[1:], now)
        tilted = _best_of_group(options, advantages) if constraint.by_group else advantages
        weights = constrained_expert(prior, tilted, constraint.temperature)
        chosen = weights.index(max(weights))
        hopeless = advantages[0] is None
        return chosen if hopeless or _saving(advantages) >= constraint.least_saving else 0

    def _prior(self, options: Sequence[Option]) -> list[float]:
        """The expert's choice has the probability `trust`, the rest follows common knowledge; `by_group` if so set."""
        trust = self._constraint.trust
        weights = _by_group(options) if self._constraint.by_group else [option.weight for option in options]
        return [(trust if index == 0 else 0.0) + (1 - trust) * weight for index, weight in enumerate(weights)]

    def _advantages(self, options: Sequence[Option], now: int) -> list[int | None]:
        """A(s, a) of each option: 0 on a shortest path, otherwise minus the number of lost actions."""
        costs = self._oracle.lookahead(self._environment, [option.decision.action for option in options])
        return [None if cost is None else now - 1 - cost for cost in costs]


def _by_group(options: Sequence[Option]) -> list[float]:
    """The weight of each group, assigned to its first option; 0 for the others."""
    total: dict[str, float] = {}
    for option in options:
        total[option.group] = total.get(option.group, 0.0) + option.weight
    return [total.pop(option.group, 0.0) for option in options]


def _best_of_group(options: Sequence[Option], advantages: Sequence[int | None]) -> list[float | None]:
    """The largest advantage in each option's group; None if the option itself is not executable."""
    best: dict[str, float] = {}
    for option, advantage in zip(options, advantages, strict=True):
        if advantage is not None:
            best[option.group] = max(best.get(option.group, -inf), advantage)
    chosen = zip(options, advantages, strict=True)
    return [None if advantage is None else best[option.group] for option, advantage in chosen]


def _saving(advantages: Sequence[int | None]) -> int:
    """Minimum number of actions lost by trying the options in the expert's order until a best one."""
    possible = [advantage for advantage in advantages if advantage is not None]
    return -sum(possible[: possible.index(max(possible))]) if possible else 0


def _with_planned(options: Sequence[Option], plan: Sequence[str]) -> list[Option]:
    """The student's action, if there is one, and the next of the plan; others are worse than one of them."""
    actions = dict.fromkeys([*(option.decision.action for option in options[:1]), *plan[:1]])
    return [Option(intended(action), 1 / len(actions), action) for action in actions]


def _naming(state: PrivilegedState, action: str) -> str:
    """The facts that concern the action, as a reason that names the secret."""
    concerned = [name for name in state.essentials if names(action, name)]
    facts = [fact for fact in state.facts if any(names(fact, name) for name in concerned)]
    return " ".join(facts or state.facts) or intended(action).reason
