"""The whole tree of parameters, checked before a run begins."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from leap_kedro.environments.protocol import EnvironmentSpec, UnknownExpert
from leap_kedro.environments.registry import UnknownEnvironment, environment_instructions, make_benchmark
from leap_kedro.pipelines.ablation.parameters import AblationParameters
from leap_kedro.pipelines.aggregation.parameters import AggregationParameters
from leap_kedro.pipelines.base_model.parameters import BaseModelParameters
from leap_kedro.pipelines.baselines.parameters import BaselineParameters
from leap_kedro.pipelines.bootstrap.parameters import EMBEDDED, BootstrapParameters
from leap_kedro.pipelines.correction.parameters import CorrectionParameters
from leap_kedro.pipelines.data_preparation.parameters import DataPreparationParameters
from leap_kedro.pipelines.environment import environment_spec
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.pipelines.realizability.parameters import RealizabilityParameters
from leap_kedro.pipelines.remote_policy import SCHEME
from leap_kedro.pipelines.rollout.parameters import RolloutParameters
from leap_kedro.pipelines.training.parameters import TrainingParameters
from leap_kedro.records import UserError
from leap_kedro.records.errors import closest
from leap_kedro.records.hashing import json_hash
from leap_kedro.records.parameters import Free, StrictModel, binding, free_names


class LeapParameters(StrictModel):
    """All parameters, one block a stage.

    Attributes:
        environment: Registered name of the environment.
        experiment: Name of the experiment; its files lie in folders of this name.
        iteration: The iteration to run, from 1; None: the first that is not finished.
        seed: Seed of everything random.
        dry_run: Whether an iteration is only rehearsed, with a small random student: nothing is kept.
        environments: Options of each environment, by name.
    """

    environment: str
    experiment: Free[str]
    iteration: Free[int | None] = Field(default=None, ge=1)
    seed: int = Field(ge=0)
    dry_run: Free[bool] = False
    environments: dict[str, dict[str, Any]]
    data_preparation: DataPreparationParameters
    bootstrap: BootstrapParameters
    rollout: RolloutParameters
    correction: CorrectionParameters
    aggregation: AggregationParameters
    training: TrainingParameters
    evaluation: EvaluationParameters
    realizability: RealizabilityParameters
    ablation: Free[AblationParameters]
    baselines: Free[BaselineParameters]
    base_model: Free[BaseModelParameters]


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
        problems += [_problem(LeapParameters, (), details, origin) for details in error.errors()]
        raise ParametersRefused(_message(problems)) from error
    try:
        benchmark = make_benchmark(environment_spec(parameters.environment, parameters.environments))
    except ValidationError as error:
        place = ("environments", parameters.environment)
        model = options_model(parameters.environment)
        problems += [_problem(model, place, details, origin) for details in error.errors()]
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
    if parameters.evaluation.temperature is None and not (parameters.evaluation.policy or "").startswith(SCHEME):
        path = "evaluation.temperature"
        problems.append(
            f"`{path}` is null ({origin(path)}), which leaves the choice to a server: it needs "
            f"`evaluation.policy={SCHEME}MODEL`. Give a number for other policies."
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


def recorded(parameters: LeapParameters) -> dict[str, Any]:
    """Path -> value of the parameters that change results of the loop; of the environments only the one in use."""
    name = parameters.environment
    tree, model = binding(parameters), options_model(name)
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


def _problem(
    model: type[BaseModel] | None,
    place: tuple[str, ...],
    details: ErrorDetails,
    origin: Callable[[str], str],
) -> str:
    path = ".".join([*place, *(str(part) for part in details["loc"])])
    where = origin(path)
    if details["type"] == "extra_forbidden":
        close = closest(str(details["loc"][-1]), _names_beside(model, details["loc"]))
        hint = f" Did you mean `{'.'.join([*path.split('.')[:-1], close])}`?" if close else ""
        return f"unknown parameter `{path}` ({where}).{hint}"
    if details["type"] == "missing":
        return f"`{path}` is missing: set it in {where}."
    expected = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if isinstance(details["input"], Mapping) or details["type"] == "secret":
        return f"`{path}`: {expected} ({where})."
    return f"`{path}` is {details['input']!r}: {expected} ({where})."


def _names_beside(model: type[BaseModel] | None, loc: tuple[int | str, ...]) -> list[str]:
    for part in loc[:-1]:
        field = model.model_fields.get(str(part)) if model else None
        annotation = field.annotation if field else None
        model = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return list(model.model_fields) if model else []
