"""The whole tree of parameters, checked before a run begins."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from leap_kedro.environments.protocol import EnvironmentSpec, UnknownExpert
from leap_kedro.environments.registry import UnknownEnvironment, environment_instructions, make_benchmark
from leap_kedro.language_models import ServerParameters
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters
from leap_kedro.pipelines.base_model.parameters import BaseModelParameters
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, BootstrapParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.realizability.parameters import RealizabilityParameters
from leap_kedro.pipelines.remote_policy import SCHEME
from leap_kedro.pipelines.rollout.parameters import RolloutParameters
from leap_kedro.pipelines.training.parameters import TrainingParameters
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import UserError
from leap_kedro.records.hashing import json_hash
from leap_kedro.records.parameter_errors import parameter_error
from leap_kedro.records.parameters import Free, StrictModel, binding, free_names
from leap_kedro.training.parameters import FineTuningParameters


class LeapParameters(StrictModel):
    """All parameters: one block per stage, and the blocks that stages share.

    Attributes:
        environment: Registered name of the environment.
        experiment: Name of the experiment; its files lie in folders of this name.
        iteration: The iteration to run, from 1.
        seed: Seed of everything random.
        options: Options of the command that runs, see `kedro leap evaluate --help`.
        environments: Options of each environment, by name.
        fine_tuning: Parameters of all fine-tunings of the loop; a block `fine_tuning` inside a stage replaces single
            values.
        serving: The vLLM server that answers for policies of the loop; None: they are loaded in this program's
            processes.
        server: The server of language models that are prompted; `correction.teacher.server` replaces single values.
    """

    environment: str
    experiment: Free[str]
    iteration: Free[int] = Field(ge=1)
    seed: int = Field(ge=0)
    options: Free[dict[str, Any]] = Field(default_factory=dict)
    environments: dict[str, dict[str, Any]]
    fine_tuning: FineTuningParameters
    serving: ServingParameters | None = None
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
        """Path of each block of overrides -> the shared block with them, checked when it is called."""
        shared, training, teacher = self.fine_tuning, self.training, self.correction.teacher
        return {
            "bootstrap.fine_tuning": lambda: shared.overridden(self.bootstrap.fine_tuning),
            "training.fine_tuning": lambda: shared.overridden(training.fine_tuning),
            "training.dpo.fine_tuning": lambda: shared.overridden(training.fine_tuning).overridden(
                training.dpo.fine_tuning
            ),
            "correction.teacher.server": lambda: self.server.overridden(teacher.server),
            "base_model.fine_tuning": lambda: self.base_model.training,
        }


class ParametersRefused(UserError):
    """Some parameters are wrong; the message lists each with its path, value, what is expected and where it is set."""


def check(raw: Mapping[str, Any], origin: Callable[[str], str]) -> LeapParameters:
    """The parameters, checked.

    Args:
        raw: The tree as configured.
        origin: Path of a parameter -> where it is set, for messages.

    Raises:
        ParametersRefused: If a name is unknown, a value missing or out of range, or the environment not registered.
    """
    problems: list[str] = []
    try:
        environment_instructions(str(raw.get("environment", "")))
    except UnknownEnvironment as error:
        raise ParametersRefused(_message([f"{error} ({origin('environment')})"])) from error
    try:
        parameters = LeapParameters.model_validate(raw)
    except ValidationError as error:
        problems += [parameter_error(LeapParameters, (), details, origin) for details in error.errors()]
        raise ParametersRefused(_message(problems)) from error
    try:
        benchmark = make_benchmark(environment_spec(parameters.environment, parameters.environments))
    except ValidationError as error:
        place = ("environments", parameters.environment)
        model = options_model(parameters.environment)
        problems += [parameter_error(model, place, details, origin) for details in error.errors()]
        raise ParametersRefused(_message(problems)) from error
    experts = {
        "bootstrap.demonstrator": parameters.bootstrap.demonstrator,
        "correction.teacher.expert": parameters.correction.teacher.expert,
    }
    for path, name in experts.items():
        try:
            benchmark.expert(name)
        except UnknownExpert as error:
            problems.append(f"`{path}` is '{name}': {error} ({origin(path)}).")
    problems += _wrong_overrides(parameters, origin)
    for stage, how in (("rollout", parameters.rollout), ("evaluation", parameters.evaluation)):
        path = f"{stage}.hold_to_admissible"
        if parameters.serving is not None and how.hold_to_admissible:
            problems.append(
                f"`{path}` is true ({origin(path)}), and policies are served (`serving`): a server cannot hold replies "
                "to the listed actions. Set it to false, or `serving` to null."
            )
    if parameters.evaluation.temperature is None and not str(parameters.options.get("policy")).startswith(SCHEME):
        path = "evaluation.temperature"
        problems.append(
            f"`{path}` is null ({origin(path)}), which leaves the choice to a server: it needs "
            f"a policy {SCHEME}MODEL. Give a number for other policies."
        )
    if _teaches_itself_unprepared(parameters):
        kind, share = "correction.teacher.kind", "bootstrap.informed_share"
        problems.append(
            f"`{kind}` is 'self' ({origin(kind)}) and `{share}` is 0 ({origin(share)}): no demonstration would "
            f"show the embedded student how to use what it is told. Set `{share}` to null, or `{kind}` to 'oracle'."
        )
    if problems:
        raise ParametersRefused(_message(problems))
    return parameters


def _teaches_itself_unprepared(parameters: LeapParameters) -> bool:
    bootstrap = parameters.bootstrap
    return parameters.correction.tells_the_student and bootstrap.base == EMBEDDED and bootstrap.informed_share == 0


def _wrong_overrides(parameters: LeapParameters, origin: Callable[[str], str]) -> list[str]:
    problems: list[str] = []
    wrong: list[str] = []
    for path, block in parameters.in_force().items():
        if path == "training.dpo.fine_tuning" and "training.fine_tuning" in wrong:
            continue  # it is based on that one, and would repeat what is wrong
        try:
            block()
        except ValidationError as error:
            wrong.append(path)
            model = ServerParameters if path.endswith(".server") else FineTuningParameters
            problems += [parameter_error(model, tuple(path.split(".")), details, origin) for details in error.errors()]
    return problems


def recorded(parameters: LeapParameters) -> dict[str, Any]:
    """Path -> value of the parameters that change results of the loop; of the environments only the one in use.

    Of a shared block the values in force in each stage are recorded, and those alone: where they are set may change.
    """
    name = parameters.environment
    tree, model = binding(parameters), options_model(name)
    del tree["fine_tuning"], tree["server"]
    block = parameters.in_force()
    tree["bootstrap"]["fine_tuning"] = binding(block["bootstrap.fine_tuning"]())
    tree["training"]["fine_tuning"] = binding(block["training.fine_tuning"]())
    del tree["training"]["dpo"]
    if parameters.training.method.preferring:
        dpo = binding(parameters.training.dpo)
        tree["training"]["dpo"] = {**dpo, "fine_tuning": binding(block["training.dpo.fine_tuning"]())}
    del tree["correction"]["teacher"]["server"]
    if parameters.correction.teacher.in_words:
        tree["correction"]["teacher"]["server"] = binding(block["correction.teacher.server"]())
    free = free_names(model) if model else set()
    options = parameters.environments.get(name, {})
    tree["environments"] = {name: {option: value for option, value in options.items() if option not in free}}
    return dict(_flat(tree, ""))


def options_model(environment: str) -> type[BaseModel] | None:
    """The model of a registered environment's options, where it has one."""
    options = getattr(make_benchmark(EnvironmentSpec(environment, {})), "options", None)
    return type(options) if isinstance(options, BaseModel) else None


def digest(values: Mapping[str, Any]) -> str:
    """Hash of parameter values."""
    return json_hash(values)


def _flat(tree: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(tree, dict) and tree:
        return [pair for name, value in tree.items() for pair in _flat(value, f"{path}.{name}" if path else name)]
    return [(path, tree)]


def _message(problems: list[str]) -> str:
    return "Wrong parameters:\n" + "\n".join(f"  {problem}" for problem in problems)
