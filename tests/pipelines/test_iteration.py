"""One iteration of the loop as a graph of stages."""

from kedro.pipeline import Node, Pipeline

from leap_kedro.pipelines.iteration import create_iteration, create_start, stage


def test_a_stage_is_one_box_and_its_datasets_keep_their_names() -> None:
    first, second = Node(len, "a", "b", name="first"), Node(len, ["b", "params:x"], "c", name="second")
    whole = stage("training", Pipeline([first]), Pipeline([second]))
    assert {node.name for node in whole.nodes} == {"training.first", "training.second"}
    assert {node.namespace for node in whole.nodes} == {"training"}
    assert whole.all_outputs() == {"b", "c"}
    assert whole.inputs() == {"a", "params:x"}


def test_an_iteration_has_the_stages_of_the_papers_figure() -> None:
    stages = {node.namespace for node in create_iteration().nodes}
    assert stages == {"bootstrap", "rollout", "correction", "training", "evaluation"}


def test_an_iteration_reads_parameters_and_language_models_and_ends_in_the_manifest() -> None:
    iteration = create_iteration()
    assert {name for name in iteration.inputs() if not name.startswith("param")} == {"language_models"}
    assert "manifest" in iteration.outputs()
    assert iteration.only_nodes_with_outputs("manifest").nodes[0].short_name == "write_manifest"
    assert create_start().all_outputs() < iteration.all_outputs()


def test_everything_that_an_iteration_makes_is_there_before_its_manifest() -> None:
    """The manifest is what "finished" means: what it does not wait for might be missing in a finished iteration."""
    iteration = create_iteration()
    awaited = iteration.to_outputs("manifest").all_outputs()
    assert iteration.all_outputs() - awaited == set()
