"""Stages in a small catalog: the project's own, in the folder of a test, with the parameters of `--env=test`."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner
from omegaconf import OmegaConf

from leap_kedro.configuration import LeapConfigLoader
from leap_kedro.datasets.history import Iteration
from leap_kedro.datasets.policy import CARD, SUCCESS
from leap_kedro.datasets.records import RecordsDataset
from leap_kedro.pipelines.parameters import LeapParameters
from leap_kedro.records import Example
from leap_kedro.settings import CONFIG_LOADER_ARGS

CONF = Path(__file__).parents[2] / "conf"
GENERATED = {"alfworld": {"source": "generated"}}
_PLACES = ("environment", "experiment", "iteration", "options", "seed")
"""Parameters that files are named after."""


@cache
def _configured(given: str) -> tuple[dict[str, Any], str]:
    """Parameters, and the catalog as JSON; `given` is what `--params` would say, as JSON."""
    loader = LeapConfigLoader(CONF, env="test", runtime_params=json.loads(given), **CONFIG_LOADER_ARGS)
    return loader["parameters"], json.dumps(loader["catalog"])


def small_parameters(changes: Mapping[str, Any] | None = None, iteration: int = 1) -> LeapParameters:
    """The parameters of `--env=test` on generated games, with `changes` in them.

    A block of `changes` is merged into the block of that name; the key of a block may be a path (``rollout.episodes``).
    """
    given = {"experiment": "small", "iteration": iteration, "environments": GENERATED}
    tree = OmegaConf.create(_configured(json.dumps(given))[0])
    for path, value in (changes or {}).items():
        OmegaConf.update(tree, path, value, force_add=True)
    return LeapParameters.model_validate(OmegaConf.to_container(tree))


def small_catalog(data: Path, parameters: LeapParameters | None = None, **values: Any) -> DataCatalog:
    """The project's catalog in the folder `data`.

    Args:
        data: Takes the place of the project's folder of that name.
        parameters: Values of all parameters.
        values: Values of datasets, which are then in memory.
    """
    parameters = parameters or small_parameters()
    given = json.dumps({name: getattr(parameters, name) for name in _PLACES})
    catalog = DataCatalog.from_config(json.loads(_configured(given)[1].replace('"data/', f'"{data}/')))
    for name in LeapParameters.model_fields:
        catalog[f"params:{name}"] = getattr(parameters, name)
    catalog["parameters"] = parameters.model_dump()
    for name, value in values.items():
        catalog[name] = value
    return catalog


def run(pipeline: Pipeline, catalog: DataCatalog) -> None:
    """Run all nodes of a pipeline."""
    SequentialRunner().run(pipeline, catalog)


def finished(
    folder: Path, iteration: int, base: Path, examples: list[Example] | None = None, *evaluations: Mapping[str, Any]
) -> Iteration:
    """A finished iteration in `folder` whose policy has the weights in `base`."""
    policy = folder / f"pi_{iteration}"
    policy.mkdir(parents=True)
    for file in base.iterdir():
        (policy / file.name).symlink_to(file)
    (policy / CARD).write_text(json.dumps({"id": f"pi_{iteration}", "iteration": iteration}))
    (policy / SUCCESS).touch()
    records = folder / f"D_{iteration}.jsonl"
    RecordsDataset(str(records), "Example").save(examples or [])
    return Iteration({"iteration": iteration, "evaluations": list(evaluations)}, policy, records)
