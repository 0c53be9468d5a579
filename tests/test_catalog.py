"""The catalog: how long it may be, and that it has every dataset of every pipeline."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog
from loop_project import ROOT

from leap_kedro.pipeline_registry import register_pipelines

IN_MEMORY = {"parameters", "correction_at_level", "first_iteration", "training_set"}
"""What is in no file, of the ablation or at all."""

CATALOG = ROOT / "conf/base/catalog.yml"


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    bootstrap_project(ROOT)
    return dict(KedroSession.create(ROOT)._get_config_loader()["catalog"])


@pytest.fixture(scope="module")
def catalog(configuration: dict[str, Any]) -> DataCatalog:
    return DataCatalog.from_config(configuration)


def test_it_can_be_read_at_one_go() -> None:
    text = CATALOG.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 220
    assert len([name for name in yaml.safe_load(text.replace("${", "_{")) if not name.startswith("_")]) <= 48


@pytest.mark.parametrize("name", sorted(register_pipelines()))
def test_every_dataset_of_a_pipeline_is_in_it(name: str, catalog: DataCatalog) -> None:
    datasets = {each for each in register_pipelines()[name].datasets() if not each.startswith("params:")}
    assert {each.rpartition(".")[2] for each in datasets if each not in catalog} <= IN_MEMORY


def test_no_two_datasets_are_on_the_same_file(catalog: DataCatalog) -> None:
    places: dict[Path, str] = {}
    for name in sorted({each for pipeline in register_pipelines().values() for each in pipeline.all_outputs()}):
        dataset = catalog.get(name) if name in catalog else None
        place = dataset._describe().get("filepath") if dataset else None
        if place is not None:
            assert places.setdefault(Path(place), name) == name


def test_files_are_named_after_their_datasets(catalog: DataCatalog) -> None:
    """In iteration k and in the ablation; iteration 0 has the names of iteration k."""
    for name in register_pipelines()["__default__"].all_outputs():
        dataset = catalog.get(name)
        assert dataset is not None
        place = Path(dataset._describe()["filepath"])
        if "iter_1" in place.parts:
            assert place.stem == name
