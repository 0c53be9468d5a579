"""Any saved policy on any split, on demand."""

import re
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub, name_of
from language_models.fake_server import Call, FakeServer, Reply, fails, says
from pipelines.stages import finished, run, small_catalog, small_parameters

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.pipelines.episodes import NothingAnswered
from leap_kedro.pipelines.evaluation.parameters import EvaluateOptions, report_name
from leap_kedro.pipelines.evaluation.saved import NoSuchPolicy, create_pipeline, evaluate_saved, named_policy
from leap_kedro.pipelines.history import History
from leap_kedro.pipelines.options import OptionsRefused, read_options
from leap_kedro.pipelines.remote_policy import RemotePolicy
from leap_kedro.tracking.policies import UnknownPolicy


def evaluated(
    options: dict[str, Any],
    history: History | None = None,
    server: FakeServer | None = None,
    access: Access | None = None,
    **evaluation: Any,
) -> list[dict[str, Any]]:
    """What the node gives, for episodes of at most two actions."""
    few = {"max_actions": 2, "max_reply_tokens": 24, **evaluation}
    parameters = small_parameters({"evaluation": few, "data_preparation.validation": 3})
    return evaluate_saved(
        history or {},
        options,
        parameters.evaluation,
        None,
        parameters.compute,
        ServerParameters(base_url=server.base_url) if server else parameters.server,
        parameters.data_preparation,
        parameters.environment,
        parameters.environments,
        0,
        access or Access(),
    )


def asked(server: FakeServer, tasks: int = 2, **more: Any) -> dict[str, Any]:
    (summary,) = evaluated({"policy": "openai:m", "split": "valid_seen", "tasks": tasks}, server=server, **more)
    return summary


def test_the_pipeline_evaluates_all_policies_of_the_experiment_on_the_validation_tasks(
    history: History, tiny_base: Path, tmp_path: Path
) -> None:
    few = {"evaluation": {"max_actions": 1}, "data_preparation.validation": 3, "options": {"tasks": 2}}
    both = {**history, 1: finished(tmp_path / "made", 1, tiny_base)}
    catalog = small_catalog(tmp_path, small_parameters(few), history=both, language_models=Access())
    run(create_pipeline(), catalog)
    summaries = catalog.load("saved_policy_evaluation")
    assert [(each["policy"], each["iteration"], each["success"]["total"]) for each in summaries] == [
        ("pi_0", 0, 2),
        ("pi_1", 1, 2),
    ]
    assert {each["conditions"]["split"] for each in summaries} == {"validation"}


def test_a_folder_on_a_split_of_the_benchmark(tiny_base: Path) -> None:
    (summary,) = evaluated({"policy": str(tiny_base), "split": "valid_unseen", "tasks": 1}, max_actions=1)
    assert (summary["policy"], summary["iteration"]) == ("tiny_base", None)
    assert (summary["conditions"]["split"], summary["conditions"]["role"]) == ("valid_unseen", "other")


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "all_on_validation"),
        ({"policy": "openai:org/model", "split": "valid_seen"}, "openai_org_model_on_valid_seen"),
        ({"policy": "data/05_policies/x/iter_1/policy"}, "data_05_policies_x_iter_1_policy_on_validation"),
        ({"policy": "openai:m", "report": "mine"}, "mine"),
        ({"policy": "p" * 300}, f"{'p' * 106}_on_validation"),
    ],
)
def test_the_results_have_a_file_of_policy_and_split(options: dict[str, Any], name: str) -> None:
    assert report_name(options) == name


def test_an_experiment_without_policies_is_told_how_to_name_one() -> None:
    with pytest.raises(NoSuchPolicy, match=r"kedro leap evaluate --policy=.*--experiment="):
        evaluated({})


def test_a_reference_names_a_folder_or_a_model_of_a_server(tiny_base: Path, history: History) -> None:
    server = ServerParameters(base_url="http://127.0.0.1:9/v1")
    assert named_policy(str(tiny_base), server, Access()) == SavedPolicy("tiny_base", -1, tiny_base)
    assert named_policy(str(history[0].policy_folder), server, Access()) == history[0].policy()
    served = named_policy("openai:org/model", server, Access())
    assert isinstance(served, RemotePolicy)
    assert (served.id, served.model(0.5).model, served.model(0.5).temperature) == ("openai:org/model", "org/model", 0.5)
    for wrong in ("openai:", "nowhere"):
        with pytest.raises(UnknownPolicy):
            named_policy(wrong, server, Access())


def test_a_model_of_the_hub_is_named_with_its_commit(hub: Hub) -> None:
    policy = named_policy("org/tiny", ServerParameters(), Access())
    assert isinstance(policy, SavedPolicy)
    assert policy.id == f"org/tiny@{name_of(hub.repositories['org/tiny'].commits[0])[:12]}"
    assert (policy.folder / "model.safetensors").is_file()
    with pytest.raises(UnknownPolicy, match=r"'org/other' \(option `--policy`\).*no model org/other"):
        named_policy("org/other", ServerParameters(), Access())


def test_wrong_options_are_named() -> None:
    assert read_options(EvaluateOptions, {"tasks": 3}) == EvaluateOptions(tasks=3)
    with pytest.raises(OptionsRefused, match=r"`options\.polcy`.*`options\.policy`"):
        read_options(EvaluateOptions, {"polcy": "somewhere"})


def test_a_model_of_a_server_plays() -> None:
    with FakeServer([says("REASON: I look.\nACTION: look")]) as server:
        summary = asked(server)
    assert (summary["policy"], summary["success"]["total"], summary["mean_actions"]) == ("openai:m", 2, 2)
    assert summary["warning"] == ""
    assert len(server.calls) == 4


RESTRICTED = {
    "held": ("REASON: a\nACTION: look", True, (True, True)),
    "shown": ("ACTION: look", True, (False, True)),
    "free": ("ACTION: look", False, (False, False)),
}


@pytest.mark.parametrize("case", RESTRICTED)
def test_a_result_says_whether_the_server_held_the_replies(case: str) -> None:
    text, wanted, expected = RESTRICTED[case]
    with FakeServer([says(text)]) as server:
        conditions = asked(server, tasks=1, hold_to_admissible=wanted)["conditions"]
    assert (conditions["held_to_admissible"], conditions.get("shown_admissible", False)) == expected


def test_single_replies_that_are_not_held_are_told() -> None:
    def script(call: Call) -> Reply:
        rejected = call.number == 0
        return fails(400, "Grammar is too large") if rejected else says("REASON: a\nACTION: look")

    with FakeServer(script) as server:
        summary = asked(server)
    assert summary["conditions"]["held_to_admissible"] is True
    assert "1 of 4 replies were not held" in summary["warning"]


SILENT = {
    "empty": (says(""), "empty"),
    "thoughts": (says(None, thoughts="hm"), "server.max_tokens"),
    "cut off": (says("<think>REASON: a\nACTION: look\n", finish="length"), "server.max_tokens"),
    "too long": (fails(400, "the maximum context length is 9"), "the maximum context length is 9"),
}


@pytest.mark.parametrize("reply", SILENT)
def test_a_model_that_answers_nothing_is_no_result(reply: str) -> None:
    answer, named = SILENT[reply]
    with FakeServer([answer]) as server, pytest.raises(NothingAnswered, match=named):
        asked(server)


WARNED = {
    "one reply is missing": (says(""), "1 of 4 replies", {"unanswered_share": 0.25}),
    "one episode broke": (fails(400, "content rejected"), r"1 of 2 episodes broke.*content rejected", {}),
}


@pytest.mark.parametrize("case", WARNED)
def test_a_result_that_lacks_something_carries_a_warning(case: str) -> None:
    first, named, measured = WARNED[case]
    prompts: list[str] = []

    def script(call: Call) -> Reply:
        prompts.append(call.prompt)
        return first if call.prompt == prompts[0] else says("ACTION: look")

    with FakeServer(script) as server:
        summary = asked(server)
    assert measured.items() <= summary.items()
    assert re.search(named, summary["warning"])


def test_replies_of_another_form_are_warned_of() -> None:
    with FakeServer([says("I would look around.")]) as server:
        assert asked(server)["warning"].startswith("4 of 4 replies have no action")


def test_a_server_that_refuses_a_temperature_takes_its_own(tmp_path: Path) -> None:
    def script(call: Call) -> Reply:
        wrong = "temperature" in call.body
        return fails(400, "temperature must be 1", code="unsupported_value") if wrong else says("ACTION: look")

    with FakeServer(script) as server:
        summary = asked(server, tasks=1, access=Access(cache=tmp_path))
    assert summary["conditions"]["temperature"] is None


def test_the_servers_own_temperature_is_a_condition_of_the_result() -> None:
    with FakeServer([says("ACTION: look")]) as server:
        summary = asked(server, tasks=1, temperature=None)
    assert "temperature" not in server.calls[0].body
    assert summary["conditions"]["temperature"] is None
