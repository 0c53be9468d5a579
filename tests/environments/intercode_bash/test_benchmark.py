"""Generated tasks, who plays them, and what the oracle knows."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from bash_sandboxes import benchmark_or_skip

from leap_kedro.environments.intercode_bash.benchmark import InterCodeBash
from leap_kedro.environments.intercode_bash.environment import InterCodeBashEnvironment
from leap_kedro.environments.intercode_bash.parameters import InterCodeBashOptions
from leap_kedro.environments.intercode_bash.tasks.generator import candidates
from leap_kedro.environments.intercode_bash.tasks.problems import Problem
from leap_kedro.environments.intercode_bash.tasks.templates import TEMPLATES
from leap_kedro.environments.intercode_bash.teaching.memory import Memory, readings
from leap_kedro.environments.intercode_bash.teaching.oracle import secrets
from leap_kedro.environments.protocol import (
    Benchmark,
    EndlessSplit,
    EnvironmentFailure,
    Expert,
    TaskDataError,
    UnknownExpert,
)
from leap_kedro.records import Task
from leap_kedro.teachers.checks import leaked_entities
from leap_kedro.teachers.oracle import OracleTeacher

pytestmark = pytest.mark.slow

TASKS = 40


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return benchmark_or_skip()


@pytest.fixture(scope="module")
def tasks(benchmark: Benchmark) -> list[Task]:
    return benchmark.tasks("test", TASKS, 0)


def started(benchmark: Benchmark, task: Task) -> InterCodeBashEnvironment:
    environment = benchmark.environment()
    assert isinstance(environment, InterCodeBashEnvironment)
    environment.reset(task)
    return environment


def score_of(benchmark: Benchmark, task: Task, expert: Expert) -> float:
    environment = benchmark.environment()
    expert.start(environment.reset(task).text)
    for _ in range(10):
        action = expert.decide().action
        result = environment.step(action)
        if result.done:
            return result.score
        expert.observe(action, result.observation.text)
    return 0.0


def named(tasks: list[Task], kind: str, benchmark: Benchmark) -> Task:
    found = [task for task in tasks if task.kind == kind]
    return found[0] if found else next(task for task in benchmark.tasks("train", 200, 3) if task.kind == kind)


def test_the_same_seed_gives_the_same_tasks_and_a_larger_number_adds_some(
    benchmark: Benchmark, tasks: list[Task]
) -> None:
    assert benchmark.tasks("test", 10, 0) == tasks[:10]
    assert benchmark.tasks("test", 10, 1) != tasks[:10]


def test_splits_share_no_file_system() -> None:
    def trees(split: str) -> set[str]:
        made = candidates(split, 0)
        return {next(made)[1].made.tree.digest for _ in range(200)}

    splits = [trees(split) for split in ("train", "eval", "test", "base")]
    assert sum(map(len, splits)) == len(set().union(*splits)) >= 16


def test_every_wording_is_read_as_what_it_means() -> None:
    made = candidates("train", 5)
    kinds = set()
    for _ in range(600):
        _, task = next(made)
        found = Memory(task.query).reading
        assert found is not None
        assert found.kind == task.kind, task.query
        kinds.add(task.kind)
        assert len(list(readings(task.query.split(": ", 1)[1]))) == 1, task.query
    assert kinds == set(TEMPLATES)


def test_fluent_solves_all_and_novice_what_is_said_in_usual_words(benchmark: Benchmark, tasks: list[Task]) -> None:
    fluent = [score_of(benchmark, task, benchmark.expert("fluent")) for task in tasks]
    novice = [score_of(benchmark, task, benchmark.expert("novice")) for task in tasks]
    assert fluent == [1.0] * TASKS
    sure = [bool(Memory(task.goal).reading and Memory(task.goal).reading.sure) for task in tasks]  # type: ignore[union-attr]
    assert [score for score, known in zip(novice, sure, strict=True) if known] == [1.0] * sum(sure)
    unsure = [score == 1.0 for score, known in zip(novice, sure, strict=True) if not known]
    assert unsure == [False] * len(unsure)
    assert 0.4 <= sum(sure) / TASKS <= 0.8


def test_a_command_that_fails_is_no_task(benchmark: Benchmark) -> None:
    def failing(task: Task) -> bool:
        environment = started(benchmark, task)
        return not environment.session.run(environment.problem.gold).succeeded

    assert [
        task.id for task in benchmark.tasks("train", 40, 0) if task.kind in ("copy", "move") and failing(task)
    ] == []


def test_no_task_comes_twice_or_has_two_answers(benchmark: Benchmark) -> None:
    found = [started(benchmark, task).problem for task in benchmark.tasks("train", 40, 0)]
    assert len({(problem.tree.digest, problem.query) for problem in found}) == 40
    made = candidates("train", 0)
    for _ in range(300):
        _, task = next(made)
        if task.kind == "frequent":
            most = Counter(task.made.files[task.fields["file"]]).most_common(2)
            assert len(most) == 1 or most[0][1] > most[1][1]


@pytest.mark.parametrize("lazy", ["submit", "ls", "{query}"])
def test_nothing_is_solved_without_thought(benchmark: Benchmark, tasks: list[Task], lazy: str) -> None:
    scores = []
    for task in tasks:
        environment = started(benchmark, task)
        if lazy != "submit":
            environment.step(lazy.format(query=task.goal))
        scores.append(environment.step("submit").score)
    assert max(scores) < 0.9
    assert sum(scores) / len(scores) < 0.7


def test_what_goes_on_in_an_episode(benchmark: Benchmark, tasks: list[Task]) -> None:
    task = named(tasks, "count_lines", benchmark)
    environment = started(benchmark, task)
    refused = environment.step("no-such-command at all")
    assert (refused.accepted, refused.done, refused.score) == (False, False, 0.0)
    seen = environment.step(environment.problem.gold)
    assert seen.observation.text.isdigit()
    assert seen.parts == {}
    end = environment.step("submit the number")
    assert (end.score, end.done, end.observation.text) == (1.0, True, seen.observation.text)
    assert end.parts == {"file_diff": 0.33, "file_changes": 0.33, "answer_similarity": 0.33}


def test_long_outputs_are_shown_in_part_and_rewarded_as_a_whole(tasks: list[Task]) -> None:
    benchmark = InterCodeBash(InterCodeBashOptions(shown_characters=200))
    environment = started(benchmark, tasks[0])
    assert environment.step("seq 1000").observation.text.endswith("[3692 more characters]")
    assert environment.output == "".join(f"{number}\n" for number in range(1, 1001))


def test_the_oracle_plans_from_where_the_student_stands(benchmark: Benchmark, tasks: list[Task]) -> None:
    task = named(tasks, "delete", benchmark)
    oracle, environment = benchmark.oracle(), started(benchmark, task)
    gold = environment.problem.gold
    state = oracle.state(environment)
    path = gold.removeprefix("rm ")
    assert (state.plan, state.essentials) == ((gold, "submit"), (gold, path, path.rpartition("/")[0]))
    assert state.facts[0] == f"What does it is {gold}"
    other = next(path for path in environment.problem.generated.made.files if path not in gold)  # type: ignore[union-attr]
    assert oracle.lookahead(environment, [gold, "submit", "ls", f"rm {other}", "nonsense-command"]) == [
        1,
        None,
        2,
        None,
        None,
    ]
    assert environment.outcome().changes.files == {}
    environment.step(gold)
    assert oracle.state(environment).plan == ("submit",)
    environment.step("ls /")
    assert oracle.state(environment).plan == ("true", "submit")
    environment.step(f"rm {other}")
    assert oracle.cost_to_go(environment) is None
    assert oracle.state(environment).plan == ()


def test_eight_environments_at_once_lose_no_reward(benchmark: Benchmark, tasks: list[Task]) -> None:
    def play(task: Task) -> tuple[float, float]:
        environment = started(benchmark, task)
        environment.step(f"echo {task.id} > /atlas-of-one")
        spoilt = environment.step("submit").score
        environment.reset(task)
        environment.step(environment.problem.gold)
        return spoilt, environment.step("submit").score

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(play, tasks))
    assert [solved for _, solved in found] == [1.0] * TASKS
    assert max(spoilt for spoilt, _ in found) < 1


@pytest.mark.parametrize("privilege", [25, 75])
def test_the_teacher_never_submits_what_is_not_solved_while_it_can_be(
    benchmark: Benchmark, tasks: list[Task], privilege: int
) -> None:
    teacher = OracleTeacher(benchmark, "novice", privilege)
    seen = {True: 0, False: 0}
    for task in tasks:
        environment, expert = started(benchmark, task), benchmark.expert("novice")
        expert.start(environment.problem.query)
        while (action := expert.decide().action) != "submit":
            expert.observe(action, environment.step(action).observation.text)
        solved = environment.reward().total >= 1
        decision = teacher.decide(environment, expert.options())
        if solved or (len(expert.options()) > 1 and benchmark.oracle().cost_to_go(environment) is not None):
            assert decision is not None
            assert (decision.action == "submit") == solved
            seen[solved] += 1
    assert min(seen.values()) > 0


def kinds(benchmark: Benchmark, kind: str) -> InterCodeBashEnvironment:
    task = next(task for _, task in candidates("train", 0) if task.kind == kind and "/" in task.query.split(": ")[1])
    environment = benchmark.environment()
    assert isinstance(environment, InterCodeBashEnvironment)
    return environment.over(Problem(task.query, task.gold, task.made.tree, task))


def test_the_oracle_sees_what_changes_do_not_tell(benchmark: Benchmark) -> None:
    oracle = benchmark.oracle()
    counting = kinds(benchmark, "count_folders")
    counting.step(f"mkdir {counting.problem.generated.fields['dir']}/zzz")  # type: ignore[union-attr]
    assert (counting.outcome().changes.files, oracle.cost_to_go(counting)) == ({}, None)
    showing = kinds(benchmark, "show")
    showing.step(f"chmod 000 {showing.problem.generated.fields['file']}")  # type: ignore[union-attr]
    assert (showing.outcome().changes.files, oracle.cost_to_go(showing)) == ({}, None)
    making = kinds(benchmark, "make_folder")
    fields = making.problem.generated.fields  # type: ignore[union-attr]
    touch = f"touch {fields['dir']}/{fields['name']}/{fields['new']}"
    assert oracle.lookahead(making, [touch]) == [2]
    making.step(f"mkdir {fields['dir']}/{fields['name']}")
    assert oracle.lookahead(making, [touch]) == [1]
    for action in oracle.state(making).plan:
        result = making.step(action)
    assert result.score == 1.0


def test_the_oracle_goes_back_to_the_root_where_the_gold_command_needs_it(benchmark: Benchmark) -> None:
    listing = kinds(benchmark, "list")
    environment = listing.over(Problem("What is here?", "ls", listing.problem.tree, None))
    environment.step(f"cd {listing.problem.generated.made.root}")  # type: ignore[union-attr]
    assert benchmark.oracle().state(environment).plan == ("cd /", "ls", "submit")


def test_what_a_new_directory_holds_counts_on_generated_tasks(benchmark: Benchmark) -> None:
    making = kinds(benchmark, "make_folder")
    fields = making.problem.generated.fields  # type: ignore[union-attr]
    making.step(f"mkdir {fields['dir']}/{fields['name']}; touch {fields['dir']}/{fields['name']}/other.txt")
    assert dict(making.reward().parts) == {"file_diff": 0.33, "file_changes": 0.0, "answer_similarity": 0.33}


def test_a_reason_may_not_say_where_a_file_is_before_the_student_knows_it(
    benchmark: Benchmark, tasks: list[Task]
) -> None:
    def hidden_path(task: Task) -> str:
        path = started(benchmark, task).problem.generated.fields.get("file", "")  # type: ignore[union-attr]
        return path if path.count("/") > 2 and path not in task.goal else ""

    task = next(filter(hidden_path, tasks))
    environment, path = started(benchmark, task), hidden_path(task)
    folder, _, name = path.rpartition("/")
    reason = f"{name} is in {folder}. I look at it."
    oracle = benchmark.oracle()
    known = oracle.secrets(oracle.state(environment))
    assert leaked_entities(reason, known, [environment.problem.query]) == (folder,)
    assert leaked_entities(reason, known, [environment.problem.query, path]) == ()
    assert leaked_entities("At the end I print what is asked for.", known, [environment.problem.query]) == ()


def test_a_message_of_an_error_shows_no_place() -> None:
    memory = Memory("Below /harbor: Show cobalt.log.")
    memory.observe("cat /harbor/cobalt.log", "cat: /harbor/cobalt.log: No such file or directory")
    assert memory.place("cobalt.log") is None
    memory.observe("find /harbor -name cobalt.log", "/harbor/plans/cobalt.log")
    assert memory.place("cobalt.log") == "/harbor/plans/cobalt.log"


@pytest.mark.parametrize(
    ("gold", "words"),
    [
        ("grep -c red /atlas/plum.txt", ("red", "/atlas/plum.txt")),
        ("find /a/b -type f -name '*.php' | xargs cat | wc -l", ("/a/b", "*.php")),
        ("sort /atlas/notes/plum.txt", ("/atlas/notes/plum.txt", "/atlas/notes")),
        ("awk '{ print $1 } END { print total }' /etc/hosts", ("total", "/etc/hosts")),
        ("head -n 3 < x.md", ("x.md",)),
    ],
)
def test_what_a_gold_command_names_is_secret(gold: str, words: tuple[str, ...]) -> None:
    assert secrets(gold) == words


def test_other_file_systems_show_the_same_history(benchmark: Benchmark, tasks: list[Task]) -> None:
    task = named(tasks, "count_lines", benchmark)
    environment = started(benchmark, task)
    made = environment.problem.generated
    assert made is not None
    actions = [f"ls {made.made.root}"]
    shown = [environment.step(action).observation for action in actions]
    others = list(benchmark.oracle().alternatives(environment, actions, 2, seed=1))
    assert others
    for other in others:
        assert isinstance(other, InterCodeBashEnvironment)
        assert other.problem.query == environment.problem.query
        assert other.problem.tree != environment.problem.tree
        fresh = other.over(other.problem)
        assert [fresh.step(action).observation for action in actions] == shown


def test_what_cannot_be_played_says_why(benchmark: Benchmark, tasks: list[Task]) -> None:
    for action in ("ls", "submit"):
        with pytest.raises(EnvironmentFailure, match="call reset"):
            benchmark.environment().step(action)
    lost = replace(tasks[0], payload={"source": "official", "file_system": 1, "index": 0})
    with pytest.raises(EnvironmentFailure, match=r"git clone.*INTERCODE_DATA"):
        benchmark.environment().reset(lost)
    with pytest.raises(EndlessSplit, match=r"data_preparation\.train=400"):
        benchmark.tasks("train", None, 0)
    with pytest.raises(TaskDataError, match=r"split .*'moon'.*: train, eval, test, base"):
        benchmark.tasks("moon", 1, 0)
    with pytest.raises(UnknownExpert, match=r"expert .*: fluent, novice"):
        benchmark.expert("wise")
