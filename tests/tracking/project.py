"""A small Kedro project that writes what an iteration writes, run through the real hooks and a real MLflow."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from kedro.framework.context import KedroContext
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from recorded import TEST, make_episode, make_summary

from leap_kedro.datasets.history import PolicyHistoryDataset
from leap_kedro.datasets.json import JsonDataset
from leap_kedro.datasets.policy import PolicyFolderDataset, SavedPolicy, WorkspaceDataset
from leap_kedro.datasets.records import RecordsDataset
from leap_kedro.datasets.store import Chunk, GrowingStoreDataset
from leap_kedro.evaluation.champion import champion
from leap_kedro.records import Example, Target
from leap_kedro.tracking.hooks import TrackingHooks

CONF = Path(__file__).parents[2] / "conf" / "base"
SOLVED = {0: 5, 1: 9, 2: 8}
ITERATION = ("base", "pi_0", "play_pi_0", "aggregate", "train", "save", "play", "evaluate", "choose")


class SmallProject:
    """Runs iterations; `before` is called with a node's name before it works, `train` trains."""

    only_missing = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self.before: Callable[[str], None] = lambda name: None
        self.train: Callable[[Path], dict[str, Any]] = lambda workspace: training_report()
        self.parameters: dict[str, Any] = {"experiment": "small", "seed": 7, "training": {"learning_rate": 0.005}}
        conf = root / "conf" / "base"
        conf.mkdir(parents=True)
        (root / "conf" / "local").mkdir()
        shutil.copy(CONF / "mlflow.yml", conf / "mlflow.yml")
        (root / "pyproject.toml").write_text(
            '[tool.kedro]\npackage_name="small"\nproject_name="small"\nkedro_init_version="1.7.0"\n'
        )

    def path(self, iteration: int, name: str) -> Path:
        return self.root / "data" / f"iter_{iteration}" / name

    def run(self, iteration: int, pipeline_name: str = "leap_iteration", nodes: tuple[str, ...] = ()) -> None:
        """Run what is missing of an iteration (or of the given nodes), as the project's command does."""
        parameters = {**self.parameters, "iteration": iteration}
        (self.root / "conf" / "base" / "parameters.yml").write_text(json.dumps(parameters))
        hooks = _create_hook_manager()
        hooks.register(TrackingHooks())
        conf = str(self.root / "conf")
        loader = OmegaConfigLoader(
            conf, config_patterns={"mlflow": ["mlflow*"]}, base_env="base", default_run_env="local"
        )
        context = KedroContext(self.root, loader, "local", "small", hooks)
        hooks.hook.after_context_created(context=context)
        catalog, pipeline = self.catalog(iteration), self.pipeline(iteration)
        pipeline = pipeline.only_nodes(*(nodes or ITERATION))
        run = {"run_params": {"pipeline_names": [pipeline_name]}, "pipeline": pipeline, "catalog": catalog}
        hooks.hook.before_pipeline_run(**run)
        try:
            result = SequentialRunner().run(pipeline, catalog, hooks, only_missing_outputs=self.only_missing)
        except Exception as error:
            hooks.hook.on_pipeline_error(error=error, **run)
            raise
        hooks.hook.after_pipeline_run(run_result=result, **run)

    def catalog(self, iteration: int) -> DataCatalog:
        def at(name: str) -> str:
            return str(self.path(iteration, name))

        training = {"mlflow": {"kind": "metrics", "name": "training"}}
        of_start = {"mlflow": {"kind": "evaluation", "run": "experiment"}}
        pi_0_episodes = {"mlflow": {"kind": "traces", "run": "experiment"}}
        by_hand = {"mlflow": {"kind": "evaluation", "run": "evaluation"}}
        history = str(self.root / "data" / "iter_[k]" / "policy")
        return DataCatalog(
            {
                "examples": RecordsDataset(at("examples.jsonl"), "Example", {"mlflow": "input"}),
                "workspace": WorkspaceDataset(at("workspace"), training),
                "training_report": JsonDataset(at("training.json"), training),
                "episodes": GrowingStoreDataset(at("episodes.jsonl"), "Episode", {"mlflow": "traces"}),
                "evaluation": JsonDataset(at("evaluation.json"), {"mlflow": "evaluation"}),
                "policy": PolicyFolderDataset(at("policy"), {"mlflow": "policy"}),
                "policies": PolicyHistoryDataset(history, {"mlflow": "policy"}),
                "champion": JsonDataset(at("champion.json"), {"mlflow": "policy"}),
                "base_evaluation": JsonDataset(str(self.path(0, "base.json")), of_start),
                "pi_0_evaluation": JsonDataset(str(self.path(0, "pi_0.json")), of_start),
                "pi_0_episodes": RecordsDataset(str(self.path(0, "pi_0.jsonl")), "Episode", pi_0_episodes),
                "saved_evaluation": JsonDataset(at("saved.json"), by_hand),
            }
        )

    def pipeline(self, iteration: int) -> Pipeline:
        def node(name: str, make: Callable[..., Any], outputs: str, inputs: str | list[str] | None = None) -> Node:
            def work(*given: Any) -> Any:
                self.before(name)
                return make(*given)

            def generate() -> Any:
                self.before(name)
                yield from make()

            return Node(generate if name == "play" else work, inputs, outputs, name=name)

        return Pipeline(
            [
                node("base", lambda: [make_summary(None, 0, policy="base").to_json()], "base_evaluation"),
                node("pi_0", lambda _: [make_summary(0, SOLVED[0]).to_json()], "pi_0_evaluation", "base_evaluation"),
                node("aggregate", lambda _: _examples(iteration), "examples", "pi_0_evaluation"),
                node("train", lambda _, folder: self.train(folder), "training_report", ["examples", "workspace"]),
                node("save", lambda _: self._policy(iteration), "policy", "training_report"),
                node("play", _chunks, "episodes"),
                node("play_pi_0", lambda: [make_episode(7, False)], "pi_0_episodes"),
                node("evaluate_saved", lambda: _evaluations(iteration), "saved_evaluation"),
                node("evaluate", lambda _, __: _evaluations(iteration), "evaluation", ["policy", "episodes"]),
                node("choose", lambda *_: self._champion(iteration), "champion", ["evaluation", "policies"]),
            ]
        )

    def _policy(self, iteration: int) -> SavedPolicy:
        folder = self.path(iteration, "made")
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"iteration": iteration}))
        return SavedPolicy(f"pi_{iteration}", iteration, folder)

    def _champion(self, iteration: int) -> dict[str, Any]:
        best = champion([make_summary(number, SOLVED[number]) for number in range(1, iteration + 1)])
        return {"policy": best.policy, "iteration": best.iteration}


def _examples(iteration: int) -> list[Example]:
    target = Target(0, "I need a mug.", "look")
    return [Example(f"{number}", iteration, "alfworld", "Your task is ...", (), (target,)) for number in range(3)]


def training_report() -> dict[str, Any]:
    return {"steps": 20, "losses": [[10, 1.5], [20, 0.5]], "world_size": 1}


def _chunks() -> Any:
    yield Chunk([make_episode(number, number % 2 == 0) for number in range(3)])
    yield Chunk([make_episode(number, number % 2 == 0) for number in range(3, 6)], complete=True)


def _evaluations(iteration: int) -> list[dict[str, Any]]:
    solved = SOLVED[iteration]
    return [make_summary(iteration, solved).to_json(), make_summary(iteration, solved - 1, conditions=TEST).to_json()]
