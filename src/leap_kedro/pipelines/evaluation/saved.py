"""The pipeline `evaluation`: any saved policy on any split, on demand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kedro.pipeline import Node, Pipeline

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.policy import CARD, SavedPolicy, read_policy
from leap_kedro.environments.protocol import EndlessSplit
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.evaluation.success import Role, summarize
from leap_kedro.language_models import Access, ServerParameters
from leap_kedro.language_models.client import takes_own_temperature
from leap_kedro.pipelines.data_preparation.nodes import prepare_tasks
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.episodes import settled
from leap_kedro.pipelines.evaluation.conditions import conditions
from leap_kedro.pipelines.evaluation.nodes import VALIDATION
from leap_kedro.pipelines.evaluation.parameters import EvaluateOptions, EvaluationParameters
from leap_kedro.pipelines.history import History
from leap_kedro.pipelines.inputs import ENVIRONMENT
from leap_kedro.pipelines.options import read_options
from leap_kedro.pipelines.playing import Playing, play
from leap_kedro.pipelines.remote_policy import SCHEME, RemotePolicy
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.policies.folder import PolicyFolderError
from leap_kedro.policies.hub import hub_model
from leap_kedro.records import UserError
from leap_kedro.records.seeds import derive_seed
from leap_kedro.tracking.policies import UnknownPolicy, resolve_policy

ENOUGH = 200
"""Number of tasks of an endless split, if neither the options nor the parameters give one."""


_COMMIT = 12
"""Digits of a commit in the name of a policy."""


class NoSuchPolicy(UserError):
    """The policy to evaluate is missing or cannot be used."""


def evaluate_saved(
    history: History,
    options: Mapping[str, Any],
    parameters: EvaluationParameters,
    serving: ServingParameters | None,
    compute: ComputeParameters,
    server: ServerParameters,
    preparation: DataPreparationParameters,
    environment: str,
    environments: Mapping[str, Mapping[str, Any]],
    seed: int,
    access: Access,
) -> list[dict[str, Any]]:
    """Play the tasks of a split with the policies that the options name.

    Args:
        history: The finished iterations, whose policies are evaluated if the options name no policy.
        options: `EvaluateOptions`.
        parameters: How episodes are played.
        serving: The server of policies in folders; None: they are loaded.
        compute: Where they are played.
        server: The server of policies named ``openai:MODEL``.
        preparation: The choice of validation tasks, if the options name no split.
        environment: Name of the environment.
        environments: Options by environment.
        seed: Seed of generated tasks and of sampling.
        access: Key, prices and cache of language models.

    Returns:
        One summary per policy, as plain values.

    Raises:
        NoSuchPolicy: If there is no policy, or the named one cannot be loaded or prompted.
        NothingAnswered: If nearly all replies of a server are unreadable.
    """
    wanted = read_options(EvaluateOptions, options)
    policies: list[Playing] = [past.policy() for past in history.values()]
    if wanted.policy:
        policies = [named_policy(wanted.policy, server, access)]
        check_named(policies[0], wanted.policy, environment)
    if not policies:
        raise NoSuchPolicy(
            "This experiment has no policies yet. Name one (kedro leap evaluate --policy=FOLDER), name another "
            "experiment (--experiment=NAME), or train them:  kedro run --pipelines=leap_iteration"
        )
    spec = environment_spec(environment, environments)
    if wanted.split is None:
        tasks = prepare_tasks(environment, environments, preparation, seed)["validation"][: wanted.tasks]
        split, role = VALIDATION, Role.VALIDATION
    else:
        split, role = wanted.split, Role.OTHER
        benchmark = make_benchmark(spec)
        try:
            tasks = benchmark.tasks(split, wanted.tasks, seed)
        except EndlessSplit:
            tasks = benchmark.tasks(split, preparation.test.get(split) or ENOUGH, seed)
    temperature, run_seed = parameters.temperature, derive_seed(seed, "evaluation")
    summaries = []
    for policy in policies:
        served = isinstance(policy, RemotePolicy)
        settings = parameters, temperature, run_seed, policy.iteration, f"{policy.id} on {split}"
        episodes = settled(play(policy, spec, tasks, *settings, must_answer=served, serving=serving, compute=compute))
        how = conditions(split, role, episodes, parameters, seed, prompted=served)
        if isinstance(policy, RemotePolicy) and takes_own_temperature(policy.model(temperature)):
            how = replace(how, temperature=None)
        summary = summarize(episodes, how, policy.id, policy.iteration if policy.iteration >= 0 else None)
        summaries.append(summary.to_json())
    return summaries


def named_policy(reference: str, server: ServerParameters, access: Access) -> Playing:
    """The policy that a reference names.

    It is a folder, a model of the Hugging Face Hub (``ORG/NAME``), an MLflow model (``models:/NAME@ALIAS``), or a model
    of a server (``openai:MODEL``).

    Raises:
        UnknownPolicy: If there is no such policy. Whether a server has the model is not checked.
    """
    if reference.startswith(SCHEME):
        name = reference.removeprefix(SCHEME)
        if not name:
            raise UnknownPolicy(f"'{reference}' names no model: write {SCHEME}MODEL, with the server's name for it.")
        return RemotePolicy(id=reference, name=name, server=server, access=access)
    folder = resolve_policy(reference)
    if (folder / CARD).is_file():
        return read_policy(folder)
    model = hub_model(reference)
    name = f"{model.name}@{folder.name[:_COMMIT]}" if model else folder.resolve().name
    return SavedPolicy(id=name, iteration=-1, folder=folder)


def check_named(policy: Playing, reference: str, environment: str) -> None:
    """Check that a policy, which `named_policy` found for `reference`, can be loaded and prompted.

    Models of a server are not checked.

    Raises:
        NoSuchPolicy: If it cannot be used.
    """
    if isinstance(policy, RemotePolicy):
        return
    from leap_kedro.policies.preflight import check_policy

    try:
        check_policy(policy.folder, environment)
    except PolicyFolderError as error:
        raise NoSuchPolicy(f"The policy '{reference}' (option `--policy`) cannot be used: {error}") from error


def create_pipeline() -> Pipeline:
    """Policies -> one summary per policy."""
    parameters = ["params:options", "params:evaluation", "params:serving", "params:compute", "params:server"]
    inputs = ["history", *parameters, "params:data_preparation", *ENVIRONMENT, "params:seed", "language_models"]
    name = "evaluate_saved_policy"
    return Pipeline([Node(evaluate_saved, inputs=inputs, outputs="saved_policy_evaluation", name=name)])
