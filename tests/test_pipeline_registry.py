"""What the registry holds, how kedro-viz opens it, and that looking at it stays fast."""

import subprocess
import sys

import pytest
from loop_project import ROOT

from leap_kedro.pipeline_registry import register_pipelines

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
STAGES = ("bootstrap", "rollout", "correction", "training", "evaluation")


@pytest.mark.parametrize(
    "script",
    [
        f"import leap_kedro.settings, leap_kedro.cli, leap_kedro.__main__\n{REGISTER}",
        "from kedro.framework.cli.cli import main\nsys.argv = ['kedro', 'registry', 'list']\n"
        "try: main()\nexcept SystemExit: pass",
    ],
    ids=["what kedro loads", "kedro registry list"],
)
def test_looking_imports_nothing_heavy(script: str) -> None:
    script = f"import sys\n{script}\nprint(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == ""


def test_the_default_is_one_iteration_of_the_loop() -> None:
    pipelines = register_pipelines()
    assert pipelines["__default__"] is pipelines["leap_iteration"]
    whole = {node.name for node in pipelines["leap_iteration"].nodes}
    for stage in ("data_preparation", "bootstrap", "rollout", "correction", "aggregation", "training", "realizability"):
        assert {node.name for node in pipelines[stage].nodes} <= whole


def test_every_node_of_an_iteration_is_in_a_stage() -> None:
    pipeline = register_pipelines()["__default__"]
    assert {node.namespace for node in pipeline.nodes} == set(STAGES)


def test_kedro_viz_opens_on_at_most_12_boxes() -> None:
    """The stages, and the datasets that go into or out of one, parameters apart."""
    pipeline = register_pipelines()["__default__"]
    stages = [pipeline.only_nodes_with_namespaces([stage]) for stage in STAGES]
    crossing = set().union(*(stage.inputs() | stage.outputs() for stage in stages))
    shown = {name for name in crossing if not name.startswith("param")}
    assert {"tasks", "history", "rollouts", "corrections", "policy", "manifest"} <= shown
    assert len(STAGES) + len(shown) <= 12, sorted(shown)


def test_the_manifest_is_written_last() -> None:
    pipeline = register_pipelines()["__default__"]
    last = pipeline.grouped_nodes[-1]
    assert [node.name for node in last] == ["evaluation.write_manifest"]
    others = pipeline.filter(node_names=[node.name for node in pipeline.nodes if node not in last])
    assert others.outputs() <= set(last[0].inputs) | {"realizability"}
