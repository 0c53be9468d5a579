"""Nodes of the stages, each with plain values."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from language_models.fake_server import FakeServer, says
from leap_kedro.environments.alfworld.suite import ALFWorld
from pydantic import ValidationError

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.prompts import PromptsDataset
from leap_kedro.environments.alfworld import build_benchmark
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.aggregation.holding_out import is_held_out
from leap_kedro.pipelines.aggregation.nodes import mix, recall_examples
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters, Mix
from leap_kedro.pipelines.bootstrap.nodes import NoSuchBase, demonstrate, embedded_base, find_base
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.correction.nodes import build_examples, correct, select_prompts, to_correct
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherKind, TeacherParameters, Which
from leap_kedro.pipelines.data_preparation.nodes import TooFewTasks, prepare_tasks
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.pipelines.episodes import AllEpisodesBroken
from leap_kedro.pipelines.evaluation.nodes import (
    choose_champion,
    play_base_evaluation,
    play_evaluation,
    summarize_evaluation,
)
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.evaluation.saved import evaluate_saved
from leap_kedro.pipelines.rollout.nodes import choose_tasks, recall_parent, roll_out
from leap_kedro.pipelines.rollout.parameters import RolloutParameters
from leap_kedro.pipelines.training import choosing
from leap_kedro.pipelines.training.checkpoint_choice import choose_checkpoint
from leap_kedro.pipelines.training.nodes import NothingToLearn, split, train_policy
from leap_kedro.pipelines.training.parameters import DPOParameters, Method, TrainingParameters
from leap_kedro.policies import local
from leap_kedro.prompts.embedded import EmbeddedRenderer
from leap_kedro.records import (
    CorrectedEpisode,
    Correction,
    Episode,
    Example,
    OwnReply,
    ParseStatus,
    Rejection,
    StopReason,
    Target,
    Task,
    Turn,
    Verdict,
)
from leap_kedro.records.episode import task_of
from leap_kedro.training.parameters import FineTuningParameters

GENERATED: dict[str, Any] = {"alfworld": {"source": "generated"}}
HOW = ("alfworld", GENERATED)
SERVER = ServerParameters()
ONE_STEP = FineTuningParameters(max_steps=1)
UNTOLD = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"))


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return build_benchmark(GENERATED["alfworld"]).tasks("train", 6, 0)


@pytest.fixture
def policy(tiny_base: Path) -> SavedPolicy:
    return SavedPolicy("pi_0", 0, tiny_base)


def preparation(**changes: Any) -> DataPreparationParameters:
    return DataPreparationParameters(
        **{"train": 6, "validation": 3, "test": {"valid_seen": 2, "valid_unseen": 4}, **changes}
    )


def test_tasks_are_those_asked_for_and_the_seed_decides_which() -> None:
    train, validation, test = prepare_tasks(*HOW, preparation(), seed=0)
    assert (len(train), len(validation)) == (6, 3)
    assert [task.split for task in test] == ["valid_seen"] * 2 + ["valid_unseen"] * 4
    assert prepare_tasks(*HOW, preparation(), seed=0) == (train, validation, test)
    assert prepare_tasks(*HOW, preparation(), seed=1)[0] != train


def test_a_split_that_is_too_small_is_refused(monkeypatch: pytest.MonkeyPatch, tasks: list[Task]) -> None:
    class Small:
        def tasks(self, *_: object) -> list[Task]:
            return tasks

    monkeypatch.setattr("leap_kedro.pipelines.data_preparation.nodes.make_benchmark", lambda spec: Small())
    with pytest.raises(TooFewTasks, match=r"has 6 tasks, and 6 for training with 3 for validation"):
        prepare_tasks(*HOW, preparation(), seed=0)


def test_validation_tasks_come_from_a_split_of_their_own_where_one_is_named() -> None:
    own = preparation(validation_split="valid_seen", test={"valid_unseen": 2})
    train, validation, test = prepare_tasks(*HOW, own, seed=0)
    assert [task.split for task in (*train, *validation, *test)] == (
        ["train"] * 6 + ["valid_seen"] * 3 + ["valid_unseen"] * 2
    )
    assert prepare_tasks(*HOW, own, seed=0) == (train, validation, test)


def test_a_validation_split_that_is_too_small_is_refused(monkeypatch: pytest.MonkeyPatch, tasks: list[Task]) -> None:
    class Small:
        def tasks(self, split: str, *_: object) -> list[Task]:
            return tasks if split == "train" else tasks[:1]

    monkeypatch.setattr("leap_kedro.pipelines.data_preparation.nodes.make_benchmark", lambda spec: Small())
    with pytest.raises(TooFewTasks, match=r"Split 'eval' has 1 tasks, and 3 for validation are asked for"):
        prepare_tasks(*HOW, preparation(validation_split="eval"), seed=0)


@pytest.mark.parametrize("split", ["train", "valid_seen"])
def test_a_validation_split_that_is_also_trained_or_tested_on_is_refused(split: str) -> None:
    with pytest.raises(ValidationError, match=f"validation_split '{split}' is also trained or tested on"):
        preparation(validation_split=split)
    assert preparation(validation_split="valid_seen", test={"valid_seen": 0, "valid_unseen": 1})


def test_no_task_is_rolled_out_again_before_all_others(tasks: list[Task]) -> None:
    drawn = [choose_tasks(tasks, 2, iteration, seed=3) for iteration in (1, 2, 3)]
    assert {task.id for each in drawn for task in each} == {task.id for task in tasks}
    assert choose_tasks(tasks, 2, 4, seed=3) == drawn[0]
    assert len(choose_tasks(tasks, 100, 1, seed=3)) == len(tasks)


def rollout(**changes: Any) -> RolloutParameters:
    return RolloutParameters(**{"episodes": 5, "temperature": 0.5, "max_actions": 3, "max_reply_tokens": 24, **changes})


def test_a_rollout_plays_what_is_owed_and_no_more(policy: SavedPolicy, tasks: list[Task]) -> None:
    *chunks, last = roll_out(policy, tasks, [], rollout(), None, *HOW, seed=0)
    episodes = [episode for chunk in chunks for episode in chunk.records]
    assert last.complete
    assert not last.records
    assert len({episode.id for episode in episodes}) == 5
    assert {(episode.policy, episode.iteration) for episode in episodes} == {("pi_0", 1)}
    broken = replace(episodes[0], stop=StopReason.POLICY_ERROR)
    *again, _ = roll_out(policy, tasks, [broken, *episodes[1:4]], rollout(), None, *HOW, seed=0)
    replayed = {episode.id: episode for chunk in again for episode in chunk.records}
    assert replayed == {episode.id: episode for episode in (episodes[0], episodes[4])}


def test_a_policy_that_cannot_answer_stops_the_rollout(policy: SavedPolicy, tasks: list[Task]) -> None:
    with pytest.raises(AllEpisodesBroken, match=r"all 5 episodes broke.*pi_0.*exceed|all 5 episodes broke"):
        list(roll_out(policy, [replace(task, payload={}) for task in tasks], [], rollout(), None, *HOW, seed=0))


def test_the_parent_is_the_policy_before(policy: SavedPolicy) -> None:
    pi_1 = replace(policy, id="pi_1", iteration=1)
    assert recall_parent(policy, {0: policy}, 1) == policy
    assert recall_parent(policy, {0: policy, 1: pi_1}, 2) == pi_1


def test_corrections_are_resumed_by_episode_and_become_examples(policy: SavedPolicy, tasks: list[Task]) -> None:
    rollouts = [e for chunk in roll_out(policy, tasks, [], rollout(), None, *HOW, seed=0) for e in chunk.records]
    how = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"))
    *chunks, last = correct(rollouts, [], policy, {}, Access(), how, SERVER, *HOW)
    corrected: list[CorrectedEpisode] = [record for chunk in chunks for record in chunk.records]
    assert last.complete
    assert [len(each.corrections) for each in corrected] == [3] * 5
    *owed, _ = correct(rollouts, corrected[:4], policy, {}, Access(), how, SERVER, *HOW)
    assert [record for chunk in owed for record in chunk.records] == corrected[4:]
    examples = build_examples(rollouts, corrected, how)
    by_id = {episode.id: episode for episode in rollouts}
    assert [example.episode for example in examples] == sorted(by_id)
    for example, each in zip(examples, corrected, strict=True):
        assert example.turns == by_id[example.episode].turns
        assert example.iteration == 1
        assert [(t.step, t.action) for t in example.targets] == [
            (c.step, c.action) for c in each.corrections if c.accepted
        ]


def test_what_an_infrastructure_failure_ended_or_a_check_rejected_is_not_learnt(
    policy: SavedPolicy, tasks: list[Task]
) -> None:
    rollouts = [e for chunk in roll_out(policy, tasks, [], rollout(), None, *HOW, seed=0) for e in chunk.records]
    rollouts[0] = replace(rollouts[0], stop=StopReason.ENVIRONMENT_ERROR)
    rollouts[1] = replace(rollouts[1], stop=StopReason.SOLVED, success=True)
    failed = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"), episodes=Which.FAILED)
    corrected = [
        record
        for chunk in correct(rollouts, [], policy, {}, Access(), failed, SERVER, *HOW)
        for record in chunk.records
    ]
    assert {each.episode for each in corrected} == {episode.id for episode in rollouts[2:]}
    rejected = [
        replace(each, corrections=tuple(replace(c, rejection=Rejection.LEAKED) for c in each.corrections))
        for each in corrected[:1]
    ]
    assert build_examples(rollouts, rejected, failed) == []


@pytest.mark.parametrize(("below", "failed"), [(1.0, [0.0, 0.7, 1.0]), (0.71, [0.0, 0.7]), (0.7, [0.0]), (0.01, [0.0])])
def test_the_score_below_which_an_episode_has_failed_can_be_set(
    policy: SavedPolicy, tasks: list[Task], below: float, failed: list[float]
) -> None:
    (played,) = [e for chunk in roll_out(policy, tasks[:1], [], rollout(), None, *HOW, seed=0) for e in chunk.records]
    limit, solved = (StopReason.STEP_LIMIT, False), (StopReason.SOLVED, True)
    ends = [(0.0, *limit), (0.7, *limit), (1.0, *limit), (1.0, *solved)]
    rollouts = [
        replace(played, seed=number, score=score, stop=stop, success=success)
        for number, (score, stop, success) in enumerate(ends)
    ]
    assert [episode.score for episode in to_correct(rollouts, Which.FAILED, below)] == failed
    assert to_correct(rollouts, Which.ALL, below) == rollouts


@pytest.mark.parametrize("below", [0.0, 1.1])
def test_a_score_that_no_episode_or_every_one_is_below_is_refused(below: float) -> None:
    with pytest.raises(ValidationError, match="failure_threshold"):
        CorrectionParameters(teacher=TeacherParameters(expert="surfaces"), failure_threshold=below)


def test_an_episode_is_learnt_up_to_so_many_changed_actions(policy: SavedPolicy, tasks: list[Task]) -> None:
    (episode,) = [e for chunk in roll_out(policy, tasks[:1], [], rollout(), None, *HOW, seed=0) for e in chunk.records]
    episode = replace(episode, steps=episode.steps[:1] * 5)
    how = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"), max_corrections_per_episode=2)
    corrected = CorrectedEpisode(
        episode.id,
        tuple(
            Correction(episode.id, step, verdict, "r", f"action {step}", "t", 50)
            for step, verdict in enumerate([Verdict.KEEP, Verdict.CORRECT, Verdict.KEEP, Verdict.CORRECT, Verdict.KEEP])
        ),
    )
    (learnt,) = build_examples([episode], [corrected], how)
    assert [target.step for target in learnt.targets] == [0, 1, 2, 3]


def test_a_student_that_teaches_itself_is_loaded_once_and_held_to_the_list(
    policy: SavedPolicy, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    rollouts = [e for chunk in roll_out(policy, tasks, [], rollout(), None, *HOW, seed=0) for e in chunk.records]
    load, loaded = local.load_policy_folder, []
    monkeypatch.setattr(local, "load_policy_folder", lambda folder, *rest: loaded.append(folder) or load(folder, *rest))
    how = CorrectionParameters(teacher=TeacherParameters(kind=TeacherKind.SELF, expert="surfaces", max_reply_tokens=24))
    corrected = [e for chunk in correct(rollouts, [], policy, {}, Access(), how, SERVER, *HOW) for e in chunk.records]
    assert loaded == [policy.folder]
    assert {each.episode for each in corrected} == {episode.id for episode in rollouts}
    judged = [correction for each in corrected for correction in each.corrections]
    assert {correction.teacher for correction in judged} == {"self-50-pi_0"}
    assert Rejection.NOT_EXECUTABLE not in {correction.rejection for correction in judged}


def test_a_student_that_is_served_is_asked_in_words_under_its_own_name(policy: SavedPolicy, tasks: list[Task]) -> None:
    rollouts = [e for chunk in roll_out(policy, tasks, [], rollout(), None, *HOW, seed=0) for e in chunk.records]
    better = {"step": 1, "verdict": "correct", "reason": "I look around first.", "action": "look"}
    with FakeServer([says(json.dumps({"corrections": [better]}))]) as server:
        how = CorrectionParameters(
            teacher=TeacherParameters(
                kind=TeacherKind.SELF,
                expert="surfaces",
                served=True,
                model="pi_0 served",
                server={"base_url": server.base_url},
            )
        )
        library = PromptsDataset([]).load()
        prompts = select_prompts(library, how, "alfworld")
        corrected = [
            e for chunk in correct(rollouts, [], policy, prompts, Access(), how, SERVER, *HOW) for e in chunk.records
        ]
    assert {call.body["model"] for call in server.calls} == {"pi_0 served"}
    assert len(server.calls) == len(rollouts) == len(corrected)
    first = [each.corrections[0] for each in corrected]
    assert {correction.teacher for correction in first} == {"self-50-pi_0 served"}
    assert {correction.action for correction in first} == {"look"}
    assert all(correction.accepted for correction in first)


def test_no_secret_reaches_a_student_that_plays(
    policy: SavedPolicy, tasks: list[Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    opening = EmbeddedRenderer.opening

    def spied(self: EmbeddedRenderer, observation: str, privileged: str = "") -> list[int]:
        shown.append(privileged)
        return opening(self, observation, privileged)

    monkeypatch.setattr(EmbeddedRenderer, "opening", spied)
    monkeypatch.setattr(ALFWorld, "oracle", lambda _: pytest.fail("a player asked for the privileged side"))
    how = EvaluationParameters(max_actions=2, max_reply_tokens=24, base_tasks=1)
    list(roll_out(policy, tasks, [], rollout(), None, *HOW, seed=0))
    list(play_evaluation(policy, tasks[:2], [], [], how, None, *HOW, 0))
    assert shown
    assert not any(shown)


def example(iteration: int, number: int) -> Example:
    return Example(
        f"{iteration}/{number}", iteration, "alfworld", "hall", (Turn("look", "x"),), (Target(0, "r", "look"),)
    )


PARTS = [[example(k, n) for n in range(size)] for k, size in enumerate((4, 6, 2))]


@pytest.mark.parametrize(
    ("policy_of_mix", "counts", "weights"),
    [
        (Mix.ALL, [4, 6, 2], [1.0, 1.0, 1.0]),
        (Mix.EQUAL_SHARE, [2, 2, 2], [1.0, 1.0, 1.0]),
        (Mix.WEIGHTED, [4, 6, 2], [0.25, 0.5, 1.0]),
    ],
)
def test_the_mix(policy_of_mix: Mix, counts: list[int], weights: list[float]) -> None:
    mixed = mix(PARTS[:2], PARTS[2], AggregationParameters(mix=policy_of_mix), seed=0)
    assert [sum(each.iteration == k for each in mixed) for k in range(3)] == counts
    found = {each.iteration: each.targets[0].weight for each in mixed}
    assert [found[k] for k in range(3)] == weights
    assert mix([part[::-1] for part in PARTS[:2]], PARTS[2], AggregationParameters(mix=policy_of_mix), 0) == mixed


def test_what_is_held_out_is_in_no_training_set_of_any_iteration() -> None:
    parts = [
        [replace(example(k, n), episode=f"{k}/generated/train/s0/{n:06d}/{k}7") for n in range(200)] for k in range(3)
    ]
    how = AggregationParameters(mix=Mix.ALL, held_out_share=0.2)
    mixed = mix(parts[:2], parts[2], how, seed=0)
    trained = [{task_of(each.episode) for each in mixed if each.iteration == k} for k in range(3)]
    assert len(trained[0]) == 200  # demonstrations
    assert trained[1] == trained[2]
    assert 20 < 200 - len(trained[1]) < 60
    assert not any(is_held_out(task, 0.2) for task in trained[1])
    assert mix(parts[:2], parts[2], AggregationParameters(mix=Mix.ALL, held_out_share=0), seed=0) == [
        *parts[0],
        *parts[1],
        *parts[2],
    ]


def test_a_student_without_a_fault_takes_no_share_from_others() -> None:
    mixed = mix(PARTS[:1], [], AggregationParameters(mix=Mix.EQUAL_SHARE), seed=0)
    assert mixed == PARTS[0]


def test_earlier_examples_are_those_before_the_iteration() -> None:
    assert recall_examples(PARTS[0], {0: PARTS[0], 1: PARTS[1], 2: PARTS[2]}, 2) == PARTS[:2]


def test_nothing_to_learn_is_said_in_words(policy: SavedPolicy, tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn, match=r"nothing to train pi_1 on"):
        train_policy(policy, policy, [], tmp_path, TrainingParameters(), ONE_STEP, 0)


def test_what_the_student_said_itself_is_kept_beside_a_correction(policy: SavedPolicy, tasks: list[Task]) -> None:
    (episode,) = [e for chunk in roll_out(policy, tasks[:1], [], rollout(), None, *HOW, seed=0) for e in chunk.records]
    said = replace(episode.steps[0], reason="I guess.", action="look", parse_status=ParseStatus.OK)
    episode = replace(episode, steps=(said, replace(said, parse_status=ParseStatus.NO_ACTION)))
    corrections = [Correction(episode.id, step, Verdict.CORRECT, "r", "go", "t", 50) for step in (0, 1)]
    how = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"))
    (learnt,) = build_examples([episode], [CorrectedEpisode(episode.id, tuple(corrections))], how)
    assert [target.rejected for target in learnt.targets] == [OwnReply("I guess.", "look"), None]


def test_each_method_trains_on_its_data_and_says_so(policy: SavedPolicy, tmp_path: Path) -> None:
    own = OwnReply("I need a mug. Next is desk 1.", "go to desk 1")
    target = Target(0, "I need a mug. Next is drawer 1.", "go to drawer 1", rejected=own)
    newest = replace(example(1, 0), targets=(target,))
    unpaired = replace(example(1, 1), targets=(replace(target, rejected=None),))
    dpo = DPOParameters(fine_tuning={"max_steps": 1})
    reports = {}
    for method in Method:
        how = TrainingParameters(fine_tuning={"max_steps": 2}, method=method, dpo=dpo)
        given = [example(0, 0), newest, unpaired]
        reports[method], (trained,) = train_policy(policy, policy, given, tmp_path / method, how, ONE_STEP, 0)
        assert (trained.folder / "model.safetensors").exists()
    assert reports[Method.SFT]["steps"] == reports[Method.SFT_DPO]["steps"] == 2
    assert "dpo" not in reports[Method.SFT]
    assert "steps" not in reports[Method.DPO]
    for method in (Method.DPO, Method.SFT_DPO):
        of_pairs = reports[method]["dpo"]
        assert (of_pairs["steps"], of_pairs["pairs"], of_pairs["replies_alone"]) == (1, 1, 1)
        assert of_pairs["preference"]["rewards/margins"] == pytest.approx(0, abs=1e-4)  # before the first step
    with pytest.raises(NothingToLearn, match=r"no pair to train pi_1 on.*0 are what .* 1 answer .*training.method=sft"):
        train_policy(policy, policy, [unpaired], tmp_path, TrainingParameters(method="dpo", dpo=dpo), ONE_STEP, 0)


def test_the_last_checkpoint_and_the_best_play_and_the_better_player_is_the_policy(
    policy: SavedPolicy, tasks: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    four = {"max_steps": 4, "learning_rate": 1.0, "warmup_steps": 0, "checkpoint_every": 1, "packing": "tree"}
    how = TrainingParameters(fine_tuning=four, validation_share=0.4)
    examples = [replace(example(0, number), episode=f"0/task {number // 2}/s{number}") for number in range(40)]
    learnt, held_out = split(examples, 0.4)
    assert len(held_out) in range(8, 24, 2)
    report, trained = train_policy(policy, policy, [*learnt, *held_out], tmp_path, how, ONE_STEP, 0)
    assert [step for step, _ in report["validation"]] == [1, 2, 3, 4]
    assert report["examples"] == len(learnt)
    assert [each.folder.name for each in trained] == ["policy", "policy_best"]
    playing = EvaluationParameters(max_actions=1, processes=1, slots=2)
    both_lose, kept = choose_checkpoint(trained, report, tasks[:2], playing, None, *HOW, seed=0)
    assert kept == trained[0]
    assert (
        both_lose["checkpoints"]["last"]
        == both_lose["checkpoints"]["best"]
        == pytest.approx({"success": 0.0, "low": 0.0, "high": 0.658, "episodes": 2}, abs=1e-3)
    )
    really = choosing.play

    def best_wins(player: SavedPolicy, *rest: Any, **more: Any) -> Iterator[Episode]:
        for episode in really(player, *rest, **more):
            yield replace(episode, success=player == trained[1])

    monkeypatch.setattr(choosing, "play", best_wins)
    best_won, kept = choose_checkpoint(trained, report, tasks[:2], playing, None, *HOW, seed=0)
    assert kept == trained[1]
    assert best_won["checkpoints"]["kept"] == "best"
    assert choose_checkpoint(trained[:1], report, [], playing, None, *HOW, seed=0) == (report, trained[0])


def test_a_wrong_budget_of_the_preferences_is_named() -> None:
    dpo = DPOParameters(fine_tuning={"max_steps": 1, "epochs": 1})
    with pytest.raises(ValidationError, match=r"exactly one budget(.|\n)*got max_steps and epochs"):
        TrainingParameters(method="dpo", dpo=dpo).preferences(ONE_STEP, 0)


def bootstrap(**changes: Any) -> BootstrapParameters:
    values: dict[str, Any] = {"demonstrator": "surfaces", "demonstrations": 4, "noise": 0.0, "max_actions": 50}
    return BootstrapParameters(**{**values, **changes})


def test_demonstrations_are_examples_of_iteration_0(tasks: list[Task]) -> None:
    examples = demonstrate(tasks, bootstrap(), UNTOLD, *HOW, seed=0)
    assert [example.episode.split("/s0/")[0] for example in examples] == ["0/generated/train"] * 4
    assert all(len(example.targets) == len(example.turns) for example in examples)
    assert demonstrate(tasks, bootstrap(), UNTOLD, *HOW, seed=0) == examples


def test_a_share_of_the_demonstrations_comes_a_second_time_with_the_secret_told(tasks: list[Task]) -> None:
    plain = demonstrate(tasks, bootstrap(), UNTOLD, *HOW, seed=0)
    examples = demonstrate(tasks, bootstrap(informed_share=0.5), UNTOLD, *HOW, seed=0)
    assert examples[:4] == plain
    assert [(each.episode, each.turns) for each in examples[4:]] == [(each.episode, each.turns) for each in plain[:2]]
    assert all(" is in " in each.privileged for each in examples[4:])


def test_a_student_that_will_teach_itself_has_all_demonstrations_twice(tasks: list[Task]) -> None:
    told = CorrectionParameters(teacher=TeacherParameters(kind=TeacherKind.SELF, expert="surfaces"))
    examples = demonstrate(tasks, bootstrap(), told, *HOW, seed=0)
    assert [bool(each.privileged) for each in examples] == [False] * 4 + [True] * 4


def test_a_base_that_is_not_there_is_named(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_base(bootstrap(base=str(tiny_base)), ONE_STEP, "alfworld") == SavedPolicy("base", -1, tiny_base)
    (tmp_path / "config.json").touch()
    (tmp_path / "pytorch_model.bin").touch()
    lacking = r"`bootstrap.base` is .* lacks weights \(\*\.safetensors\), tokenizer_config\.json\. .*hf download"
    with pytest.raises(NoSuchBase, match=lacking):
        find_base(bootstrap(base=str(tmp_path)), ONE_STEP, "alfworld")
    with pytest.raises(NoSuchBase, match=r"Make it: python -m leap_kedro\.policies\.smollm2"):
        find_base(bootstrap(base="smollm2"), ONE_STEP, "alfworld")
    assert find_base(bootstrap(base="embedded"), ONE_STEP, "alfworld").folder == embedded_base("alfworld")
    build = r"Build it: kedro run --pipelines=base_model --params=environment=nowhere .*base_model/nowhere/policy"
    with pytest.raises(NoSuchBase, match=build):
        find_base(bootstrap(base="embedded"), ONE_STEP, "nowhere")


def test_an_evaluation_reports_each_split_apart(policy: SavedPolicy, tasks: list[Task]) -> None:
    benchmark = build_benchmark(GENERATED["alfworld"])
    test = [*benchmark.tasks("valid_seen", 1, 0), *benchmark.tasks("valid_unseen", 2, 0)]
    how = EvaluationParameters(max_actions=2, max_reply_tokens=24, base_tasks=1)
    few = [e for c in play_base_evaluation(policy, tasks[:3], test, [], how, None, *HOW, 0) for e in c.records]
    assert sorted(episode.task.split for episode in few) == ["train", "valid_seen", "valid_unseen"]
    episodes: list[Episode] = [
        e for c in play_evaluation(policy, tasks[:3], test, few, how, None, *HOW, 0) for e in c.records
    ]
    assert len(episodes) == 6 - len(few)
    summaries = summarize_evaluation(policy, [*few, *episodes], tasks[:3], how, *HOW, 0)
    totals = {each["conditions"]["split"]: each["success"]["total"] for each in summaries}
    assert totals == {"validation": 3, "valid_seen": 1, "valid_unseen": 2}
    assert {each["conditions"]["role"] for each in summaries} == {"validation", "test"}
    conditions = summaries[0]["conditions"]
    assert (conditions["data_source"], conditions["text_version"]) == ("generated", "2.1.1")
    best = choose_champion(summaries)
    assert (best["policy"], best["iteration"], best["episodes"]) == ("pi_0", 0, 3)


def test_tasks_limits_the_validation_tasks_that_a_saved_policy_plays(tiny_base: Path) -> None:
    how, options = EvaluationParameters(max_actions=1), {"policy": str(tiny_base), "tasks": 2}
    (summary,) = evaluate_saved({}, options, how, None, SERVER, preparation(validation=3), *HOW, 0, Access())
    assert summary["conditions"]["split"] == "validation"
    assert summary["success"]["total"] == 2
