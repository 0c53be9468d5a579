from pathlib import Path
from typing import Any, get_args

import pytest
from omegaconf import OmegaConf
from pydantic import BaseModel

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.environments.registry import REGISTERED
from leap_kedro.pipelines.parameters import LeapParameters, ParametersRefused, check, recorded
from leap_kedro.records.hashing import json_hash
from leap_kedro.settings import CONFIG_LOADER_ARGS
from leap_kedro.training.parameters import FineTuning, LoraParameters, PreferenceParameters

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.delenv("ALFWORLD_DATA", raising=False)
    return configured("base")


def configured(env: str, **given: Any) -> dict[str, Any]:
    """The parameters as `--env` and `--params` make them."""
    loader: Any = LeapConfigLoader
    tree: dict[str, Any] = loader(str(CONF), env=env, runtime_params=given, **CONFIG_LOADER_ARGS)["parameters"]
    return tree


def where(path: str) -> str:
    return "conf/base/parameters.yml"


ENVIRONMENTS = sorted(path.parent.name for path in CONF.glob("*/parameters.yml") if path.parent.name != "local")


@pytest.mark.parametrize("environment", REGISTERED)
@pytest.mark.parametrize("env", ["base", "test"])
def test_the_defaults_of_each_environment_are_right(env: str, environment: str) -> None:
    assert check(configured(env, environment=environment), where).environment == environment


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_the_configurations_that_are_shipped_are_right(env: str) -> None:
    check(configured(env), where)


def test_the_papers_values_are_those_of_its_code() -> None:
    sft, dpo = (check(configured(env), where) for env in ("paper_sft", "paper_dpo"))
    for how in (
        sft.training.sft(sft.fine_tuning, 0),
        *(FineTuning.of(each.fine_tuning.overridden(each.bootstrap.fine_tuning), 0) for each in (sft, dpo)),
    ):
        assert how.lora == LoraParameters(rank=128, alpha=64, dropout=0.05, targets=("q_proj", "v_proj"))
        assert (how.learning_rate, how.decay, how.warmup_steps, how.epochs) == (3e-5, "cosine", 10, 1)
        assert (how.max_grad_norm, how.replies_per_step, how.max_length) == (0.3, 32, 8000)
    assert (sft.training.method, sft.aggregation.mix) == ("sft", "equal_share")
    preferences = dpo.training.preferences(dpo.fine_tuning, 0)
    assert dpo.training.method == "dpo"
    assert preferences.preference == PreferenceParameters(beta=0.01, sft_weight=0)
    assert (preferences.learning_rate, preferences.replies_per_step, preferences.epochs) == (5e-7, 16, 1)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "fine_tuning.learning_rate",
            -1,
            "`fine_tuning.learning_rate` is -1: should be greater than 0 (conf/base/parameters.yml)",
        ),
        ("rollout.episodes", "many", "`rollout.episodes` is 'many': should be a valid integer"),
        (
            "rollout.temprature",
            1,
            "unknown parameter `rollout.temprature` (conf/base/parameters.yml). Did you mean `rollout.temperature`?",
        ),
        ("bootstrap.fine_tuning.max_step", 1, "Did you mean `bootstrap.fine_tuning.max_steps`?"),
        ("bootstrap.fine_tuning.learning_rate", -1, "`bootstrap.fine_tuning.learning_rate` is -1: should be greater"),
        ("bootstrap.fine_tuning.lora", {"rnk": 1}, "unknown parameter `bootstrap.fine_tuning.lora.rnk`"),
        ("training.learning_rate", 1, "Did you mean `fine_tuning.learning_rate`?"),
        ("training.dpo.fine_tuning.max_steps", 1, "`training.dpo.fine_tuning`: a training needs exactly one budget"),
        ("correction.teacher.server.max_token", 1, "Did you mean `correction.teacher.server.max_tokens`?"),
        ("base_model.fine_tuning.treads", 1, "Did you mean `base_model.fine_tuning.threads`?"),
        ("sead", 1, "Did you mean `seed`?"),
        ("environments.alfworld.sorce", "x", "Did you mean `environments.alfworld.source`?"),
        ("environments.alfworld.source", "x", "`environments.alfworld.source` is 'x'"),
        ("environment", "alfword", "Did you mean 'alfworld'?"),
        ("correction.teacher.expert", "best", "`correction.teacher.expert` is 'best'"),
        ("correction.privilege", 30, "`correction.privilege` is 30"),
        ("fine_tuning.epochs", 1, "exactly one budget"),
        ("training.fine_tuning.nodes", 2, "`training.fine_tuning.nodes`: 2 nodes need a rendezvous"),
        ("rollout", None, "`rollout` is None"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_was_meant(
    raw: dict[str, Any], path: str, value: Any, message: str
) -> None:
    OmegaConf.update(tree := OmegaConf.create(raw), path, value, force_add=True)
    with pytest.raises(ParametersRefused) as caught:
        check(OmegaConf.to_container(tree), where)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_an_unknown_environment_is_told_alone() -> None:
    with pytest.raises(ParametersRefused) as caught:
        check(configured("base", environment="webshp"), where)
    assert "Did you mean 'webshop'?" in str(caught.value)
    assert "missing" not in str(caught.value)


def test_a_student_that_nobody_showed_what_it_is_told_is_no_teacher(raw: dict[str, Any]) -> None:
    raw["correction"]["teacher"]["kind"] = "self"
    check(raw, where)
    raw["bootstrap"]["informed_share"] = 0
    with pytest.raises(
        ParametersRefused, match=r"`correction\.teacher\.kind` is 'self'.*`bootstrap\.informed_share` is 0"
    ):
        check(raw, where)


def test_all_mistakes_are_told_at_once(raw: dict[str, Any]) -> None:
    raw["seed"], raw["rollout"]["slots"] = -1, 0
    del raw["rollout"]["temperature"]
    with pytest.raises(ParametersRefused) as caught:
        check(raw, where)
    assert "`seed` is -1" in str(caught.value)
    assert "`rollout.slots` is 0" in str(caught.value)
    assert "`rollout.temperature` is missing: set it in conf/base/parameters.yml" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "changes"),
    [
        ("rollout.processes", 7, False),
        ("fine_tuning.threads", 3, False),
        ("training.fine_tuning.threads", 3, False),
        ("fine_tuning.decay", "cosine", True),
        ("bootstrap.fine_tuning.decay", "cosine", True),
        ("training.dpo.fine_tuning.decay", "cosine", False),
        ("iteration", 4, False),
        ("options.policy", "somewhere", False),
        ("base_model.transcripts", 99, False),
        ("server.max_tokens", 99, False),
        ("correction.teacher.server.max_tokens", 5, False),
        ("fine_tuning.rendezvous", {"endpoint": "host:1"}, False),
        ("environments.alfworld.cache_folder", "somewhere", False),
        ("environments.intercode_bash.limits.processes", 9, True),
        ("seed", 5, True),
        ("rollout.temperature", 0.1, True),
        ("environments.alfworld.on_malformed", "skip", True),
    ],
)
def test_only_what_changes_results_is_recorded(raw: dict[str, Any], path: str, value: Any, changes: bool) -> None:
    if "intercode_bash" in path:
        raw = configured("base", environment="intercode_bash")
    before = recorded(check(raw, where))
    OmegaConf.update(tree := OmegaConf.create(raw), path, value, force_add=True)
    after = recorded(check(OmegaConf.to_container(tree), where))  # type: ignore[arg-type]
    assert (before != after) is changes
    assert (json_hash(before) != json_hash(after)) is changes


@pytest.mark.parametrize(
    ("path", "value", "changes"),
    [
        ("server.max_tokens", 99, False),
        ("server.extra", {"top_p": 0.9}, True),
        ("server.budget.calls", 5, False),
        ("correction.teacher.server.timeout", 5, False),
        ("correction.teacher.server.max_tokens", 5, True),
    ],
)
def test_the_server_is_recorded_where_the_teacher_is_asked_through_it(
    raw: dict[str, Any], path: str, value: Any, changes: bool
) -> None:
    raw["correction"]["teacher"]["kind"] = "llm"
    before = recorded(check(raw, where))
    OmegaConf.update(tree := OmegaConf.create(raw), path, value, force_add=True)
    assert (recorded(check(OmegaConf.to_container(tree), where)) != before) is changes  # type: ignore[arg-type]


def test_where_a_value_is_set_is_not_recorded(raw: dict[str, Any]) -> None:
    before = recorded(check(raw, where))
    for stage in (raw["bootstrap"], raw["training"]):
        stage.setdefault("fine_tuning", {})["learning_rate"] = raw["fine_tuning"]["learning_rate"]
    raw["fine_tuning"]["learning_rate"] = 0.1
    assert recorded(check(raw, where)) == before


def test_a_budget_of_a_stage_replaces_the_shared_one(raw: dict[str, Any]) -> None:
    raw["training"]["fine_tuning"] = {"epochs": 2}
    parameters = check(raw, where)
    how = parameters.training.sft(parameters.fine_tuning, 0)
    assert (how.max_steps, how.epochs, how.max_tokens) == (None, 2, None)


MOST_LEAVES = 150


def leaves(model: type[BaseModel]) -> int:
    """Number of the parameters in a model; a mapping, as `environments` or the overrides of a block, is one."""
    count = 0
    for field in model.model_fields.values():
        kinds = [
            kind
            for kind in get_args(field.annotation) or (field.annotation,)
            if isinstance(kind, type) and issubclass(kind, BaseModel)
        ]
        count += sum(leaves(kind) for kind in kinds) or 1
    return count


def test_the_schema_stays_small(capsys: pytest.CaptureFixture[str]) -> None:
    count = leaves(LeapParameters)
    with capsys.disabled():
        print(f"\nThe schema has {count} parameters beside those of the environments.")  # noqa: T201
    assert count <= MOST_LEAVES
