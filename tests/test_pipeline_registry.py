"""What the registry holds, and that looking at it stays fast."""

import subprocess
import sys
from pathlib import Path

import pytest
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog
from leap_kedro.session import LeapSession

from leap_kedro.pipeline_registry import UNROLLED_ITERATIONS, register_pipelines

ROOT = Path(__file__).parents[1]
HEAVY = {
    *(
        "accelerate",
        "alfworld",
        "datasets",
        "docker",
        "mlflow",
        "openai",
        "pandas",
        "peft",
        "ray",
        "spacy",
        "textworld",
    ),
    *("torch", "transformers", "trl", "vllm"),
}
REGISTER = "from leap_kedro.pipeline_registry import register_pipelines\nregister_pipelines()"
ONLY_IN_MEMORY = {
    "base_policy",
    "parent_policy",
    "earlier_examples",
    "evaluations",
    "policies",
    "correction_at_level",
    "trained_policies",
    "trained_report",
    "ablation_base_policy",
}


def imported(script: str) -> str:
    """Which heavy packages a script imports, its last line of output."""
    script = f"import sys\n{script}\nprint(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.splitlines()[-1]


def test_the_modules_that_kedro_loads_import_nothing_heavy() -> None:
    assert imported("import leap_kedro.settings, leap_kedro.cli, leap_kedro.__main__\n" + REGISTER) == ""


def test_kedro_registry_list_imports_nothing_heavy() -> None:
    listing = "from kedro.framework.cli.cli import main\ntry: main()\nexcept SystemExit: pass"
    assert imported(f"sys.argv = ['kedro', 'registry', 'list']\n{listing}") == ""


def test_the_default_is_one_iteration_of_the_loop() -> None:
    pipelines = register_pipelines()
    assert pipelines["__default__"] is pipelines["leap_iteration"]
    stages = ("data_preparation", "bootstrap", "rollout", "correction", "aggregation", "training")
    names = {node.name for node in pipelines["leap_iteration"].nodes}
    assert all({node.name for node in pipelines[stage].nodes} <= names for stage in stages)


def test_the_unrolled_loop_hands_policies_on() -> None:
    pipeline = register_pipelines()["leap"]
    for k in range(1, UNROLLED_ITERATIONS + 1):
        by_name = {node.name: node for node in pipeline.nodes}
        assert f"pi_{k - 1}" in by_name[f"iteration_{k}.roll_out"].inputs
        assert f"pi_{k}" in by_name[f"iteration_{k}.choose_checkpoint"].outputs
    assert {"D_0", "D_1", "D_2"} <= set(by_name["iteration_3.gather_examples"].inputs)


@pytest.fixture(scope="module")
def catalog() -> DataCatalog:
    bootstrap_project(ROOT)
    context = LeapSession.create(ROOT)._get_config_loader()["catalog"]
    return DataCatalog.from_config(context)


@pytest.mark.parametrize("name", sorted(register_pipelines()))
def test_every_dataset_of_a_pipeline_is_in_the_catalog(name: str, catalog: DataCatalog) -> None:
    datasets = {each for each in register_pipelines()[name].datasets() if not each.startswith("params:")}
    assert {each.rpartition(".")[2] for each in datasets if each not in catalog} <= ONLY_IN_MEMORY


def test_both_views_of_the_loop_are_on_the_same_files(catalog: DataCatalog) -> None:
    def place(name: str) -> str:
        dataset = catalog.get(name)
        assert dataset is not None
        return str(dataset._describe()["filepath"])

    plain = register_pipelines()["leap_iteration"].all_outputs() - ONLY_IN_MEMORY
    start = {name for name in plain if "iter_1" not in place(name)}
    unrolled = register_pipelines()["leap"].all_outputs()
    first = {name for name in unrolled if name.startswith("iteration_1.") or name in ("pi_1", "D_1", "evaluation_1")}
    persistent = {name for name in first if name in catalog}
    assert {place(name) for name in plain - start} == {place(name) for name in persistent}
