"""What the loop starts from: D_0, pi_0, and how good base and pi_0 are."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub, name_of
from pipelines.stages import GENERATED, run, small_catalog, small_parameters

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.registry import OffersNoSlots
from leap_kedro.pipelines.bootstrap.base import NoSuchBase, embedded_base, find_base, pin_base
from leap_kedro.pipelines.bootstrap.nodes import demonstrate
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters, TeacherKind, TeacherParameters
from leap_kedro.pipelines.iteration import create_start
from leap_kedro.policies import smollm2
from leap_kedro.records import Example, Task
from leap_kedro.training.parameters import FineTuningParameters

pytestmark = pytest.mark.slow

Tasks = dict[str, list[Task]]
HOW = ("alfworld", GENERATED)
ONE_STEP = FineTuningParameters(max_steps=1)
ORACLE = CorrectionParameters(teacher=TeacherParameters(expert="surfaces"))
ITSELF = CorrectionParameters(teacher=TeacherParameters(kind=TeacherKind.SELF, expert="surfaces"))


def bootstrap(**changes: Any) -> BootstrapParameters:
    values: dict[str, Any] = {"demonstrator": "surfaces", "demonstrations": 4, "noise": 0.0, "max_actions": 50}
    return BootstrapParameters(**{**values, **changes})


@pytest.mark.usefixtures("training_in_process")
def test_the_pipeline_makes_iteration_0(tiny_base: Path, tmp_path: Path) -> None:
    few = {
        "bootstrap": {"base": str(tiny_base), "demonstrations": 3, "fine_tuning": {"max_steps": 1}},
        "data_preparation": {"validation": 2, "test": {"valid_seen": 2, "valid_unseen": 1}},
        "evaluation": {"max_actions": 2, "base_tasks": 1},
    }
    catalog = small_catalog(tmp_path, small_parameters(few))
    run(create_start(), catalog)

    tasks, (start,) = catalog.load("tasks"), catalog.load("history").values()
    assert start.policy() == catalog.load("pi_0") == SavedPolicy("pi_0", 0, start.policy_folder)
    assert start.examples() == catalog.load("D_0")
    assert {example.iteration for example in start.examples()} == {0}
    assert catalog.load("pi_0_training_report").report["start"] == "base"
    totals = [
        (plain["policy"], plain["iteration"], plain["conditions"]["split"], plain["success"]["total"])
        for plain in start.evaluations
    ]
    assert totals == [
        ("base", None, "validation", 1),
        ("base", None, "valid_seen", 1),
        ("base", None, "valid_unseen", 1),
        ("pi_0", 0, "validation", 2),
        ("pi_0", 0, "valid_seen", 2),
        ("pi_0", 0, "valid_unseen", 1),
    ]
    played = {episode.task.id for episode in catalog.load("base_evaluation_episodes")}
    assert played == {tasks["validation"][0].id, tasks["test"][0].id, tasks["test"][2].id}
    manifest = start.manifest
    assert (manifest["experiment"], manifest["iteration"], manifest["seed"]) == ("small", 0, 0)
    made = {"examples", "policy", "training_report", "train", "validation", "test"}
    assert made <= manifest["data"].keys()


def test_demonstrations_are_labelled_at_each_step(tasks: Tasks) -> None:
    examples = demonstrate(tasks, bootstrap(), ORACLE, ComputeParameters(), *HOW, seed=0)
    assert [example.episode.split("/s0/")[0] for example in examples] == ["0/generated/train"] * 4
    assert all(len(example.targets) == len(example.turns) for example in examples)
    assert demonstrate(tasks, bootstrap(), ORACLE, ComputeParameters(), *HOW, seed=0) == examples


@pytest.fixture(scope="module")
def plain(tasks: Tasks) -> list[Example]:
    return demonstrate(tasks, bootstrap(), ORACLE, ComputeParameters(), *HOW, seed=0)


@pytest.mark.parametrize(
    ("changes", "teacher", "told"),
    [
        ({"informed_share": 0.5}, ORACLE, 2),
        ({}, ITSELF, 4),  # a student that will teach itself
        ({"informed_share": 0.0}, ITSELF, 0),
        ({"base": "some/folder"}, ITSELF, 0),  # a chat model understands what it is told
    ],
)
def test_a_share_of_the_demonstrations_comes_a_second_time_with_the_secret_told(
    tasks: Tasks, plain: list[Example], changes: dict[str, Any], teacher: CorrectionParameters, told: int
) -> None:
    examples = demonstrate(tasks, bootstrap(**changes), teacher, ComputeParameters(), *HOW, seed=0)
    assert examples[:4] == plain
    again = examples[4:]
    assert [(each.episode, each.turns) for each in again] == [(each.episode, each.turns) for each in plain[:told]]
    assert all(" is in " in each.privileged for each in again)


def test_the_base_is_found(tiny_base: Path) -> None:
    assert find_base(bootstrap(base=str(tiny_base)), ONE_STEP, "alfworld") == SavedPolicy("base", -1, tiny_base)
    assert find_base(bootstrap(base="embedded"), ONE_STEP, "alfworld").folder == embedded_base("alfworld")


def test_the_student_with_copy_slots_is_made_where_the_environment_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = find_base(bootstrap(base="slots"), ONE_STEP, "webshop").folder
    weights = (found / "model.safetensors").read_bytes()
    assert find_base(bootstrap(base="slots"), ONE_STEP, "webshop").folder == found
    shutil.rmtree(found)
    assert (
        find_base(bootstrap(base="slots"), ONE_STEP, "webshop").folder / "model.safetensors"
    ).read_bytes() == weights
    with pytest.raises(OffersNoSlots, match=r"'alfworld' offers no copy slots\. Use another base model"):
        find_base(bootstrap(base="slots"), ONE_STEP, "alfworld")


def test_a_model_of_the_hub_keeps_its_commit(
    hub: Hub, trainings: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {
        "bootstrap": {"base": "org/tiny", "demonstrations": 1},
        "data_preparation": {"validation": 1, "test": {"valid_seen": 1}},
        "evaluation": {"max_actions": 1, "base_tasks": 1},
    }
    catalog = small_catalog(tmp_path, small_parameters(few))
    pipeline = create_start()
    run(pipeline.only_nodes("bootstrap.pin_base"), catalog)
    tiny = hub.repositories["org/tiny"]
    first, marked = tiny.commits[0], {"generation_config.json": b'{"pad_token_id": 0}'}
    tiny.commit(first | marked)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    run(pipeline - pipeline.only_nodes("bootstrap.pin_base"), catalog)
    pinned = {"name": "org/tiny", "revision": name_of(first)}
    assert catalog.load("base") == catalog.load("history")[0].manifest["base"] == pinned
    assert len(trainings) == 1
    copied = catalog.load("pi_0").folder / "generation_config.json"
    assert copied.read_bytes() == first["generation_config.json"]
    named = bootstrap(base="org/tiny")
    assert find_base(named, ONE_STEP, "alfworld", pinned).folder.name == name_of(first)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    assert find_base(named, ONE_STEP, "alfworld").folder.name == name_of(tiny.commits[-1])


def test_a_folder_that_is_gone_is_not_replaced_by_a_model_of_the_hub(hub: Hub) -> None:
    assert pin_base(bootstrap(base="org/tiny"))["revision"]
    was_a_folder = {"name": "org/tiny", "revision": None}
    with pytest.raises(NoSuchBase, match=r"the model in org/tiny is incomplete"):
        find_base(bootstrap(base="org/tiny"), ONE_STEP, "alfworld", was_a_folder)


@pytest.mark.parametrize(
    ("base", "named"),
    [
        (
            ".",
            r"`bootstrap\.base` .*weights \(\*\.safetensors\), tokenizer_config\.json.*Hub \(ORG/NAME\)",
        ),
        ("smollm2", r"python -m leap_kedro\.policies\.smollm2"),
        ("org/other", r"`bootstrap\.base` is 'org/other'\. 'org/other' is not a folder here.*hf download org/other"),
        ("embedded", r"kedro run --pipelines=base_model --params=environment=alfworld"),
    ],
)
def test_a_base_that_is_not_there_is_named_with_the_command_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(smollm2, "FOLDER", tmp_path / "smollm2")
    monkeypatch.setattr("leap_kedro.pipelines.bootstrap.base.environment_folder", lambda name: tmp_path / name)
    (tmp_path / "config.json").touch()
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(NoSuchBase, match=named):
        find_base(bootstrap(base=base), ONE_STEP, "alfworld")
