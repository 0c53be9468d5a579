"""All parameters, checked before a run starts."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from leap_kedro.compute import ComputeKind, ComputeParameters
from leap_kedro.environments.registry import UnknownEnvironment, environment_name, make_benchmark, options_model
from leap_kedro.language_models import ServerParameters
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters
from leap_kedro.pipelines.base_model.parameters import BaseModelParameters
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, BootstrapParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.environment_needs import unmet_by_environment
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.method_needs import unmet_needs
from leap_kedro.pipelines.realizability.parameters import RealizabilityParameters
from leap_kedro.pipelines.remote_policy import SCHEME
from leap_kedro.pipelines.rollout.parameters import RolloutParameters
from leap_kedro.pipelines.training.parameters import Method, TrainingParameters
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import UserError
from leap_kedro.records.parameter_errors import parameter_error
from leap_kedro.records.parameters import Free, StrictModel, binding, free_names
from leap_kedro.training.parameters import FineTuningParameters


class LeapParameters(StrictModel):
    """All parameters: one block per stage, and the blocks that stages share.

    Attributes:
        environment: Registered name of the environment, or ``package.module:Class``.
        experiment: Name of the experiment and of its folders.
        iteration: The iteration to run, from 1; by default the first that is not finished.
        seed: Seed of everything random.
        options: Options of `kedro leap evaluate` and `kedro leap baselines`, which set them.
        environments: Options of each environment, by name.
        fine_tuning: Parameters of all fine-tunings of the loop; a block `fine_tuning` of a stage replaces values.
        serving: The vLLM server of the loop's policies; None: they are loaded.
        compute: Where episodes are played and corrected, and policies trained.
        server: The server of prompted language models; `correction.teacher.server` replaces values.
    """

    environment: str
    experiment: Free[str]
    iteration: Free[int] = Field(ge=1)
    seed: int = Field(ge=0)
    options: Free[dict[str, Any]] = Field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = Field(default_factory=dict)
    fine_tuning: FineTuningParameters
    serving: ServingParameters | None = None
    compute: Free[ComputeParameters] = ComputeParameters()
    server: ServerParameters = ServerParameters()
    data_preparation: DataPreparationParameters
    bootstrap: BootstrapParameters
    rollout: RolloutParameters
    correction: CorrectionParameters
    aggregation: AggregationParameters
    training: TrainingParameters
    evaluation: EvaluationParameters
    realizability: RealizabilityParameters
    base_model: Free[BaseModelParameters]

    def in_force(self) -> "dict[str, Callable[[], FineTuningParameters | ServerParameters]]":
        """Path of each block of overrides -> function that checks them and returns the shared block with them."""
        shared, training = self.fine_tuning, self.training
        return {
            "bootstrap.fine_tuning": lambda: shared.overridden(self.bootstrap.fine_tuning),
            "training.fine_tuning": lambda: shared.overridden(training.fine_tuning),
            "training.dpo.fine_tuning": lambda: training.differing(shared, training.dpo),
            "training.grpo.fine_tuning": lambda: training.differing(shared, training.grpo),
            "training.distill.fine_tuning": lambda: training.differing(shared, training.distill),
            "correction.teacher.server": lambda: self.server.overridden(self.correction.teacher.server),
            "base_model.fine_tuning": lambda: self.base_model.training,
        }


class ParametersRefused(UserError):
    """Some parameters are wrong; the message lists each with its path, value, expected value and place."""


def check(raw: Mapping[str, Any], origin: Callable[[str], str]) -> LeapParameters:
    """The parameters, checked.

    Args:
        raw: The tree as configured.
        origin: Path of a parameter -> where it is set, for messages.

    Raises:
        ParametersRefused: If a name is unknown, a value is missing or out of range, or the environment is unknown.
    """
    try:
        environment = environment_name(str(raw.get("environment", "")))
    except UnknownEnvironment as error:
        raise ParametersRefused(_message([f"{error} ({origin('environment')})"])) from error
    try:
        parameters = LeapParameters.model_validate(raw)
    except ValidationError as error:
        raise ParametersRefused(_message(_problems(LeapParameters, "", error, origin))) from error
    try:
        benchmark = make_benchmark(environment_spec(parameters.environment, parameters.environments))
    except ValidationError as error:
        found = _problems(options_model(parameters.environment), f"environments.{environment}", error, origin)
        raise ParametersRefused(_message(found)) from error
    except UnknownEnvironment as error:
        raise ParametersRefused(_message([f"{error} ({origin('environment')})"])) from error
    problems = [
        *unmet_by_environment(parameters, benchmark, origin),
        *_wrong_overrides(parameters, origin),
        *_contradictions(parameters, origin),
        *unmet_needs(parameters, origin),
        *_machines_that_cannot_meet(parameters, origin),
    ]
    if problems:
        raise ParametersRefused(_message(problems))
    return parameters


def _problems(
    model: type[BaseModel] | None, path: str, error: ValidationError, origin: Callable[[str], str]
) -> list[str]:
    place = tuple(path.split(".")) if path else ()
    return [parameter_error(model, place, details, origin) for details in error.errors()]


def _contradictions(parameters: LeapParameters, origin: Callable[[str], str]) -> Iterator[str]:
    if parameters.evaluation.temperature is None and not str(parameters.options.get("policy")).startswith(SCHEME):
        path = "evaluation.temperature"
        yield (
            f"`{path}` is null ({origin(path)}), which leaves the choice to a server: it needs "
            f"a policy {SCHEME}MODEL. Give a number for other policies."
        )
    bootstrap = parameters.bootstrap
    if parameters.correction.tells_the_student and bootstrap.base == EMBEDDED and bootstrap.informed_share == 0:
        kind, share = "correction.teacher.kind", "bootstrap.informed_share"
        yield (
            f"`{kind}` is 'self' ({origin(kind)}) and `{share}` is 0 ({origin(share)}): without such demonstrations "
            f"the embedded student cannot use privileged facts. Set `{share}` to null, or `{kind}` to 'oracle'."
        )


def _wrong_overrides(parameters: LeapParameters, origin: Callable[[str], str]) -> list[str]:
    problems: list[str] = []
    wrong: list[str] = []
    for path, block in parameters.in_force().items():
        if path.startswith("training.") and "training.fine_tuning" in wrong:
            continue  # It is based on that block and would repeat its problems.
        try:
            block()
        except ValidationError as error:
            wrong.append(path)
            model = ServerParameters if path.endswith(".server") else FineTuningParameters
            problems += _problems(model, path, error, origin)
    return problems


def _machines_that_cannot_meet(parameters: LeapParameters, origin: Callable[[str], str]) -> Iterator[str]:
    blocks = {"fine_tuning": lambda: parameters.fine_tuning, **parameters.in_force()}
    for path, block in blocks.items() if parameters.compute.kind is ComputeKind.LOCAL else ():
        with suppress(ValidationError):  # told by `_wrong_overrides`
            why = getattr(block(), "why_no_meeting", "")
            if why:
                yield f"`{path}.nodes`: {why} ({origin(f'{path}.nodes')})."
                return


def recorded(parameters: LeapParameters) -> dict[str, Any]:
    """Path -> value of the parameters on which results of the loop depend, with the options of the environment in use.

    Instead of the shared blocks, the values in force in each stage are recorded, since the place of a value may change.
    """
    name = environment_name(parameters.environment)
    tree, model = binding(parameters), options_model(parameters.environment)
    del tree["fine_tuning"], tree["server"]
    block = parameters.in_force()
    tree["bootstrap"]["fine_tuning"] = binding(block["bootstrap.fine_tuning"]())
    tree["training"]["fine_tuning"] = binding(block["training.fine_tuning"]())
    method = parameters.training.method
    for part, used in (
        ("dpo", method.preferring),
        ("grpo", method is Method.GRPO),
        ("distill", method is Method.DISTILL),
    ):
        if used:
            tree["training"][part]["fine_tuning"] = binding(block[f"training.{part}.fine_tuning"]())
        else:
            del tree["training"][part]
    del tree["correction"]["teacher"]["server"]
    if parameters.correction.teacher.in_words:
        tree["correction"]["teacher"]["server"] = binding(block["correction.teacher.server"]())
    free = free_names(model) if model else set()
    options = parameters.environments.get(name, {})
    tree["environments"] = {name: {option: value for option, value in options.items() if option not in free}}
    return dict(_flat(tree, ""))


def _flat(tree: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(tree, dict) and tree:
        return [pair for name, value in tree.items() for pair in _flat(value, f"{path}.{name}" if path else name)]
    return [(path, tree)]


def _message(problems: list[str]) -> str:
    return "Wrong parameters:\n" + "\n".join(f"  {problem}" for problem in problems)
