"""Parameters that follow from the environment: which file decides."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from kedro.config import MissingConfigException
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from loop_project import LoopProject, finish

from leap_kedro.configuration import ConfigurationUnreadable, LeapConfigLoader, parameter_files
from leap_kedro.environments.registry import environment_folder
from leap_kedro.experiments.folders import Experiment
from leap_kedro.settings import CONFIG_LOADER_ARGS


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    files = {
        "base/parameters.yml": "environment: shop\nrollout: {episodes: 1, slots: 1, base: yes}\n",
        "base/environments/shop.yml": "rollout: {episodes: 2, slots: 2, base_shop: yes}\n",
        "base/environments/games.yml": "rollout: {episodes: 7, base_games: yes}\n",
        "quick/parameters.yml": "rollout: {slots: 3, quick: yes}\n",
        "quick/environments/shop.yml": "rollout: {quick_shop: yes, processes: 4}\n",
        "local/.gitkeep": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def parameters(conf: Path, env: str | None = None, **given: Any) -> Any:
    return loader(conf, env, **given)["parameters"]


def loader(conf: Path, env: str | None = None, **given: Any) -> LeapConfigLoader:
    resolvers = CONFIG_LOADER_ARGS["custom_resolvers"]
    return LeapConfigLoader(str(conf), env, given, base_env="base", default_run_env="local", custom_resolvers=resolvers)


def test_later_layers_stand_over_earlier_ones(conf: Path) -> None:
    assert parameters(conf)["rollout"] == {"episodes": 2, "slots": 2, "base": True, "base_shop": True}
    assert parameters(conf, "quick")["rollout"] == {
        "episodes": 2,
        "slots": 3,
        "base": True,
        "base_shop": True,
        "quick": True,
        "quick_shop": True,
        "processes": 4,
    }
    assert parameters(conf, "quick", rollout={"episodes": 9})["rollout"]["episodes"] == 9


def test_the_environment_that_is_asked_for_decides_whose_file_is_read(conf: Path) -> None:
    found = parameters(conf, environment="games")
    assert (found["environment"], found["rollout"]["episodes"]) == ("games", 7)
    assert "base_shop" not in found["rollout"]
    assert "quick_shop" not in parameters(conf, "quick", environment="games")["rollout"]


@pytest.mark.parametrize("name", ["nowhere", "../base/parameters", "", 7])
def test_a_name_without_a_file_adds_nothing(conf: Path, name: Any) -> None:
    assert parameters(conf, environment=name)["rollout"] == {"episodes": 1, "slots": 1, "base": True}


def test_a_configuration_environment_may_choose_the_environment(conf: Path) -> None:
    (conf / "quick" / "parameters_chosen.yml").write_text("environment: games\n")
    assert parameters(conf, "quick")["rollout"] == {
        "episodes": 7,
        "slots": 3,
        "base": True,
        "base_games": True,
        "quick": True,
    }
    assert parameters(conf, "quick", environment="shop")["rollout"]["episodes"] == 2


def test_a_value_may_refer_to_one_that_another_file_sets(conf: Path) -> None:
    (conf / "base" / "globals.yml").write_text("limit: 30\n")
    (conf / "base" / "parameters_refer.yml").write_text("seen: '${rollout.episodes}'\n")
    references = "plays: '${rollout.slots}'\nseed: '${runtime_params:seed,0}'\nlimit: '${globals:limit}'\n"
    (conf / "base" / "environments" / "games.yml").write_text(f"rollout: {{episodes: 7}}\n{references}")
    found = parameters(conf, "quick", environment="games", seed=5)
    assert [found[name] for name in ("seen", "plays", "seed", "limit")] == [7, 3, 5, 30]
    assert parameters(conf, environment="games", rollout={"episodes": 9})["seen"] == 9


def test_what_kedro_does_with_parameters_stays(conf: Path) -> None:
    given = loader(conf)
    given["parameters"] = {"environment": "shop"}
    assert given["parameters"] == {"environment": "shop"}
    with pytest.raises(MissingConfigException, match="nowhere"):
        parameters(conf, "nowhere")
    (conf / "quick" / "parameters_again.yml").write_text("rollout: {slots: 4}\n")
    with pytest.raises(ConfigurationUnreadable, match=r"Duplicate keys.*rollout\.slots"):
        parameters(conf, "quick")


def test_the_files_that_may_set_a_parameter_are_named_the_deciding_one_first(conf: Path) -> None:
    found = parameter_files(conf, "quick", "shop")
    assert [path.relative_to(conf).as_posix() for path in found] == [
        "quick/environments/shop.yml",
        "quick/parameters.yml",
        "base/environments/shop.yml",
        "base/parameters.yml",
    ]


def test_an_environments_own_defaults_are_above_the_base_parameters_and_below_all_else(
    conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEBSHOP_DATA", raising=False)
    text = "rollout: {episodes: 1, max_actions: 1}\n"
    (conf / "base" / "parameters.yml").write_text(text)
    shipped = environment_folder("webshop") / "defaults.yml"
    found = parameters(conf, environment="webshop")
    assert found["environments"].keys() == {"webshop"}
    assert found["rollout"] == {"episodes": 400, "max_actions": 20}
    assert parameter_files(conf, "quick", "webshop")[-2:] == [shipped, conf / "base/parameters.yml"]
    (conf / "base" / "environments" / "webshop.yml").write_text("rollout: {episodes: 3}\n")
    assert parameters(conf, environment="webshop")["rollout"] == {"episodes": 3, "max_actions": 20}
    assert loader(conf, environment="webshop").origin("rollout.max_actions") == str(shipped)
    assert loader(conf, environment="webshop").origin("rollout.episodes") == "conf/base/environments/webshop.yml"


def test_official_tasks_have_defaults_of_their_own(conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = environment_folder("webshop") / "official.yml"
    monkeypatch.delenv("WEBSHOP_DATA", raising=False)
    assert "base" not in parameters(conf, environment="webshop")["bootstrap"]
    monkeypatch.setenv("WEBSHOP_DATA", str(tmp_path))
    found = parameters(conf, environment="webshop")
    assert (found["bootstrap"]["base"], found["bootstrap"]["demonstrator"]) == ("slots", "steady")
    assert loader(conf, environment="webshop").origin("bootstrap.base") == str(shipped)
    assert parameters(conf, environment="webshop", bootstrap={"base": "mine"})["bootstrap"]["base"] == "mine"
    generated = {"webshop": {"source": "generated"}}
    assert "base" not in parameters(conf, environment="webshop", environments=generated)["bootstrap"]
    wrong = {"webshop": {"source": "nowhere"}}
    assert "base" not in parameters(conf, environment="webshop", environments=wrong)["bootstrap"]


def test_the_folder_that_git_ignores_may_be_missing(conf: Path) -> None:
    (conf / "local" / ".gitkeep").unlink()
    (conf / "local").rmdir()
    assert parameters(conf)["rollout"]["episodes"] == 2
    with pytest.raises(MissingConfigException, match=r"typo.*--env=typo.*base, quick"):
        parameters(conf, "typo")


@pytest.mark.parametrize("name", ["a[b]", "a*", "q?", "{x}"])
def test_a_folder_that_kedro_takes_for_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(ConfigurationUnreadable, match="Move the project"):
        loader(tmp_path / name)


def test_prompts_and_prices_are_those_of_the_folder_of_configuration(conf: Path) -> None:
    for name in ("catalog.yml", "parameters.yml"):
        shutil.copy(Path(__file__).parents[1] / "conf/base" / name, conf / "base")
    asked = loader(conf)
    loader(Path(__file__).parents[1] / "conf")["catalog"]  # another loader in between takes nothing away
    access = asked["catalog"]["language_models"]
    assert access["prompts"] == [str(conf / "base/prompts"), str(conf / "local/prompts")]
    assert access["prices"]["filepath"] == str(conf / "base/prices.yml")


def test_what_is_no_folder_of_configuration_is_named_with_the_option(tmp_path: Path) -> None:
    (archive := tmp_path / "conf.tar.gz").touch()
    for source in (tmp_path / "nothing", archive):
        with pytest.raises(ConfigurationUnreadable, match=rf"{source} .*--conf-source.*tar -xzf"):
            loader(source)


def test_parameters_and_catalog_agree_on_the_iteration_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = LoopProject(tmp_path / "project", tmp_path)
    bootstrap_project(project.folder)
    finish(project.folder / "data", "mine", 1)
    monkeypatch.chdir(tmp_path)
    for given, expected in (({}, 1), ({"experiment": "mine"}, 2), ({"experiment": "mine", "iteration": 1}, 1)):
        found = KedroSession.create(project.folder, env="test", runtime_params=given)._get_config_loader()
        assert found["parameters"]["iteration"] == expected
        assert f"/iter_{expected}/" in found["catalog"]["policy"]["filepath"]
        finish(project.folder / "data", "mine", 2)
        assert found["parameters"]["iteration"] == expected  # whatever a run finishes meanwhile
        Experiment(project.folder / "data", "mine").manifest_path(2).unlink()
