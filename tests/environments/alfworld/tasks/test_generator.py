"""Generated games: the same from the same seed, of their split, winnable, and like the official ones."""

import hashlib
import os
import pickle
import subprocess
import sys
from collections import Counter
from statistics import mean

import pytest

from leap_kedro.environments.alfworld.engine.game import Game
from leap_kedro.environments.alfworld.engine.problem import TaskType, TextVersion, entity_names
from leap_kedro.environments.alfworld.student.vocabulary import vocabulary
from leap_kedro.environments.alfworld.tasks.generator import (
    GENERATOR_VERSION,
    GeneratedGame,
    Split,
    generate,
    generated_tasks,
    problem_for,
)
from leap_kedro.environments.alfworld.tasks.rooms import ROOM_TYPES, outline
from leap_kedro.environments.alfworld.teaching.planner import shortest_plan
from leap_kedro.environments.alfworld.teaching.text_parser import parse_opening
from leap_kedro.environments.protocol import TaskDataError

GAMES = 500


@pytest.fixture(scope="module")
def games() -> list[GeneratedGame]:
    """Games of the training split."""
    return [generate(Split.TRAIN, index, 0, TextVersion.V2_1_1) for index in range(GAMES)]


class TestTasks:
    def test_a_task_builds_its_game_again(self) -> None:
        tasks = generated_tasks("valid_unseen", 20, 7, "2.1.2")
        assert [task.id for task in tasks[:2]] == [
            "generated/valid_unseen/s7/000000",
            "generated/valid_unseen/s7/000001",
        ]
        for index, task in enumerate(tasks):
            problem = problem_for(task.payload)
            assert problem == generate("valid_unseen", index, 7, "2.1.2").problem
            assert (task.environment, task.split) == ("alfworld", "valid_unseen")
            assert (task.goal, task.kind) == (problem.task, problem.goal.task_type.value)
            assert problem.text_version is TextVersion.V2_1_2

    def test_the_first_tasks_do_not_depend_on_how_many_are_wanted(self) -> None:
        assert generated_tasks("train", 5, 0, "2.1.1") == generated_tasks("train", 10, 0, "2.1.1")[:5]

    def test_another_process_makes_the_same_games(self) -> None:
        script = (
            "from leap_kedro.environments.alfworld.tasks.generator import generate\n"
            "for i in range(10):\n"
            "    p = generate('base', i, 3, '2.1.1').problem\n"
            "    print(p.task, p.agent_location, p.receptacles, [(o.id, o.receptacles) for o in p.objects])"
        )
        command = [sys.executable, "-c", script]
        outputs = {
            subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
            for seed in ("1", "2")
        }
        assert len(outputs) == 1

    def test_a_seed_gives_the_games_that_it_gave_when_this_was_written(self) -> None:
        """Fails when games change without a new GENERATOR_VERSION: stored tasks would be other games."""
        problems = [generate(split, 0, 0, "2.1.1").problem for split in Split]
        facts = [
            (p.task, p.agent_location, p.receptacles, [(o.id, o.receptacles) for o in p.objects]) for p in problems
        ]
        assert (GENERATOR_VERSION, hashlib.sha256(repr(facts).encode()).hexdigest()[:16]) == (1, "0cd1b7e1b88b3e19")

    def test_text_versions_share_the_world(self) -> None:
        published, later = (generate("train", 4, 0, version).problem for version in ("2.1.1", "2.1.2"))
        assert published.objects == later.objects
        assert "help" in Game(later).admissible()
        assert "help" not in Game(published).admissible()

    def test_a_payload_of_another_version_is_refused(self) -> None:
        payload = dict(generated_tasks("train", 1, 0, "2.1.1")[0].payload) | {"version": GENERATOR_VERSION + 1}
        with pytest.raises(TaskDataError, match=r"version 2 of the ALFWorld generator.*--fresh"):
            problem_for(payload)

    @pytest.mark.parametrize("change", [{"split": "dev"}, {"text_version": "3"}, {"index": "first"}])
    def test_a_payload_that_is_no_game_is_refused(self, change: dict[str, str]) -> None:
        payload = dict(generated_tasks("train", 1, 0, "2.1.1")[0].payload) | change
        with pytest.raises(TaskDataError, match="No generated ALFWorld game has the payload"):
            problem_for(payload)

    def test_games_can_be_pickled(self, games: list[GeneratedGame]) -> None:
        assert pickle.loads(pickle.dumps(games[0])) == games[0]  # noqa: S301


class TestSplits:
    def test_only_train_and_valid_seen_share_rooms(self) -> None:
        rooms = {split: {generate(split, index, 0, "2.1.1").room for index in range(400)} for split in Split}
        assert rooms[Split.TRAIN] & rooms[Split.VALID_SEEN]
        for one, other in (
            (Split.TRAIN, Split.VALID_UNSEEN),
            (Split.TRAIN, Split.BASE),
            (Split.VALID_SEEN, Split.BASE),
            (Split.VALID_UNSEEN, Split.BASE),
        ):
            assert not rooms[one] & rooms[other]

    def test_no_game_is_in_two_splits_or_comes_twice(self) -> None:
        problems = [
            generate(split, index, seed, "2.1.1").problem for split in Split for seed in (0, 1) for index in range(100)
        ]
        assert len({(p.receptacles, p.objects) for p in problems}) == len(problems)


class TestGames:
    def test_every_game_can_be_won_by_the_shortest_plan_and_is_not_won_before(self, games: list[GeneratedGame]) -> None:
        for generated in games:
            game = Game(generated.problem)
            assert not game.won
            plan = shortest_plan(game.rules, game.state)
            assert plan
            for action in plan:
                _, score, done, accepted = game.step(game.command(action))
                assert accepted
            assert (score, done) == (1.0, True)

    def test_texts_are_within_the_vocabulary_and_readable(self, games: list[GeneratedGame]) -> None:
        numbers = vocabulary().entities
        for generated in games:
            problem = generated.problem
            for name in entity_names(problem.ids).values():
                kind, number = name.split()
                assert kind == "loc" or int(number) <= numbers[kind], name
            opening = parse_opening(Game(problem).reset())
            assert len(opening.places) == len(problem.receptacles)

    def test_ids_are_used_once(self, games: list[GeneratedGame]) -> None:
        for generated in games:
            problem = generated.problem
            ids = [*(r.id for r in problem.receptacles), *(thing.id for thing in problem.objects)]
            assert len(ids) == len(set(ids))

    def test_the_agent_starts_away_from_all_furniture(self, games: list[GeneratedGame]) -> None:
        for generated in games:
            problem = generated.problem
            assert problem.agent_location not in {r.location for r in problem.receptacles}


class TestStatistics:
    """Bounds around the official training split; figures of facts about it are in the comments."""

    def test_task_types_come_in_official_proportions(self, games: list[GeneratedGame]) -> None:
        official = {
            TaskType.LOOK: 308,
            TaskType.PLACE: 790,
            TaskType.CLEAN: 650,
            TaskType.COOL: 533,
            TaskType.HEAT: 459,
            TaskType.TWO: 813,
        }
        found = Counter(generated.problem.goal.task_type for generated in games)
        for task_type, number in official.items():
            assert found[task_type] / GAMES == pytest.approx(number / 3553, abs=0.06)

    def test_both_wordings_are_used_alike(self, games: list[GeneratedGame]) -> None:
        starts = Counter(generated.problem.task.split()[0] == "put" for generated in games)
        first = [g for g in games if g.problem.goal.task_type is not TaskType.LOOK]
        both_put = sum(g.problem.goal.task_type is TaskType.PLACE for g in first)
        assert (starts[True] - both_put) / (len(first) - both_put) == pytest.approx(0.5, abs=0.1)

    @pytest.mark.parametrize(
        ("room_type", "receptacles", "objects", "extremes"),
        [
            ("Kitchen", 33.4, 43.8, (20, 54)),
            ("LivingRoom", 14.6, 18.9, (6, 35)),
            ("Bedroom", 14.5, 21.8, (7, 27)),
            ("Bathroom", 14.4, 15.0, (10, 21)),
        ],
    )
    def test_rooms_are_as_large_and_full_as_official_ones(
        self,
        games: list[GeneratedGame],
        room_type: str,
        receptacles: float,
        objects: float,
        extremes: tuple[int, int],
    ) -> None:
        problems = [g.problem for g in games if outline(g.room).room_type == room_type]
        sizes = [len(problem.receptacles) for problem in problems]
        assert mean(sizes) == pytest.approx(receptacles, rel=0.12)
        assert extremes[0] <= min(sizes) <= max(sizes) <= extremes[1]
        in_view = [sum(t.pickupable and bool(t.receptacles) for t in problem.objects) for problem in problems]
        assert mean(in_view) == pytest.approx(objects, rel=0.12)

    def test_plans_are_as_long_as_official_ones(self, games: list[GeneratedGame]) -> None:
        lengths = []
        for generated in games:
            game = Game(generated.problem)
            lengths.append(len(shortest_plan(game.rules, game.state) or ()))
        assert mean(lengths) == pytest.approx(6.06, abs=0.3)
        assert max(lengths) <= 11

    def test_targets_are_behind_doors_as_often_as_official_ones(self, games: list[GeneratedGame]) -> None:
        closed, total = 0, 0
        for generated in games:
            problem = generated.problem
            doors = {r.id for r in problem.receptacles if r.openable}
            for thing in problem.objects:
                if thing.type == problem.goal.object_type and thing.receptacles:
                    closed += doors >= set(thing.receptacles)
                    total += 1
        assert closed / total == pytest.approx(0.155, abs=0.05)

    def test_every_kind_of_room_and_many_rooms_occur(self, games: list[GeneratedGame]) -> None:
        assert {outline(g.room).room_type for g in games} == set(ROOM_TYPES)
        assert len({g.room for g in games}) > 0.9 * GAMES
