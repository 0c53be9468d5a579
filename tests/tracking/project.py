"""A small Kedro project with the catalog of this one and nodes that work at once, run through the real hooks."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.context.context import _convert_paths_to_absolute_posix
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from recorded import TEST, make_episode, make_summary

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.datasets.history import Iteration
from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.datasets.store import Missing
from leap_kedro.datasets.training import Train, Trained
from leap_kedro.pipelines.evaluation.nodes import choose_champion
from leap_kedro.records import CorrectedEpisode, Example, Exchange, Target
from leap_kedro.settings import CONFIG_LOADER_ARGS
from leap_kedro.tracking.hooks import TrackingHooks

CONF = Path(__file__).parents[2] / "conf" / "base"
SOLVED = {0: 5, 1: 9, 2: 8}
START = ("pin", "base", "pi_0", "start")
ITERATION = (*START, "aggregate", "train", "release", "evaluate", "choose", "finish")
SHOWN = ("play_pi_0", "teach", "play", "report")
"""Nodes whose episodes, calls, prompts and reports are shown; MLflow takes a second for the traces of each."""


class SmallProject:
    """Runs iterations; `before` is called with a node's name before it works, `train` trains."""

    only_missing = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self.before: Callable[[str], None] = lambda name: None
        self.train: Callable[[Path], dict[str, Any]] = lambda workspace: training_report()
        self.parameters: dict[str, Any] = {
            "experiment": "small",
            "environment": "none",  # no defaults are added
            "seed": 7,
            "options": {},
            "training": {"learning_rate": 0.005},
        }
        conf = root / "conf" / "base"
        conf.mkdir(parents=True, exist_ok=True)
        for name in ("catalog.yml", "mlflow.yml"):
            shutil.copy(CONF / name, conf / name)

    def run(self, iteration: int, pipeline_name: str = "leap_iteration", nodes: tuple[str, ...] = ITERATION) -> None:
        """Run what is missing of an iteration (or of the given nodes), as the project's command does."""
        loader = self._loader(iteration)
        hooks = _create_hook_manager()
        hooks.register(TrackingHooks())
        context = KedroContext(self.root, loader, "local", "small", hooks)
        hooks.hook.after_context_created(context=context)
        catalog, pipeline = self._catalog(loader), self.pipeline(iteration).only_nodes(*nodes)
        run = {"run_params": {"pipeline_names": [pipeline_name]}, "pipeline": pipeline, "catalog": catalog}
        hooks.hook.before_pipeline_run(**run)
        try:
            result = SequentialRunner().run(pipeline, catalog, hooks, only_missing_outputs=self.only_missing)
        except Exception as error:
            hooks.hook.on_pipeline_error(error=error, **run)
            raise
        hooks.hook.after_pipeline_run(run_result=result, **run)

    def pipeline(self, iteration: int) -> Pipeline:
        """All nodes: those of an iteration, and those of the pipelines beside it."""

        def node(make: Callable[..., Any], inputs: str | list[str] | None, outputs: str | list[str], name: str) -> Node:
            def work(*given: Any) -> Any:
                self.before(name)
                return make(*given)

            return Node(work, inputs, outputs, name=name)

        def start(base: list[Any], pi_0: list[Any]) -> dict[str, Any]:
            return {"evaluations": [*base, *pi_0]}

        def teach(_: object) -> tuple[dict[str, str], Missing[CorrectedEpisode]]:
            call = Exchange((("user", "What now?"),), "Look.", "stop")
            return {"none/teach": "What now?"}, _all([CorrectedEpisode("1/game-0/7", (), exchanges=(call,))])

        def release(trained: Trained) -> SavedPolicy:
            folder = trained.workspace / "policy"
            folder.mkdir(exist_ok=True)
            (folder / "config.json").write_text(json.dumps({"iteration": iteration}))
            return SavedPolicy(f"pi_{iteration}", iteration, folder)

        def choose(history: dict[int, Iteration], evaluation: list[Any]) -> dict[str, Any]:
            return choose_champion(history, evaluation, iteration)

        def train(_: object) -> Train:
            return self.train

        base, pi_0 = make_summary(None, 0, policy="base").to_json(), make_summary(0, SOLVED[0]).to_json()
        played = [make_episode(number, number % 2 == 0) for number in range(6)]
        return Pipeline(
            [
                node(lambda: {"name": "org/tiny", "revision": "0a1b"}, None, "base", "pin"),
                node(lambda: [base], None, "base_evaluation", "base"),
                node(lambda _: [pi_0], "base_evaluation", "pi_0_evaluation", "pi_0"),
                node(lambda _: _all(played[1:2]), "pi_0_evaluation", "pi_0_evaluation_episodes", "play_pi_0"),
                node(start, ["base_evaluation", "pi_0_evaluation"], "history", "start"),
                node(teach, "history", ["prompts_used", "corrections"], "teach"),
                node(lambda _: examples(iteration), "history", "examples", "aggregate"),
                node(train, "examples", "training_report", "train"),
                node(release, "training_report", "policy", "release"),
                node(lambda _: _all(played), "policy", "evaluation_episodes", "play"),
                node(lambda _: _evaluations(iteration), "policy", "evaluation", "evaluate"),
                node(choose, ["history", "evaluation"], "champion", "choose"),
                node(lambda _: "<p>steps</p>", "evaluation_episodes", "trajectory_report", "report"),
                node(lambda found, _: {"evaluations": found}, ["evaluation", "champion"], "manifest", "finish"),
                node(lambda: _evaluations(iteration), None, "saved_policy_evaluation", "evaluate_saved"),
            ]
        )

    def _catalog(self, loader: LeapConfigLoader) -> DataCatalog:
        entries = _convert_paths_to_absolute_posix(self.root, loader["catalog"])
        catalog: DataCatalog = DataCatalog.from_config(entries)
        return catalog

    def _loader(self, iteration: int) -> LeapConfigLoader:
        parameters = {**self.parameters, "iteration": iteration}
        (self.root / "conf" / "base" / "parameters.yml").write_text(json.dumps(parameters))
        return LeapConfigLoader(self.root / "conf", **CONFIG_LOADER_ARGS)


def examples(iteration: int) -> list[Example]:
    target = Target(0, "I need a mug.", "look")
    return [Example(f"{number}", iteration, "alfworld", "Your task is ...", (), (target,)) for number in range(3)]


def training_report() -> dict[str, Any]:
    return {"steps": 20, "losses": [[10, 1.5], [20, 0.5]], "world_size": 1}


def _all(records: list[Any]) -> Missing[Any]:
    """What a node returns for a store."""
    return lambda so_far: records[len(so_far) :]


def _evaluations(iteration: int) -> list[dict[str, Any]]:
    solved = SOLVED[iteration]
    return [make_summary(iteration, solved).to_json(), make_summary(iteration, solved - 1, conditions=TEST).to_json()]
