"""Options of a command, which select what is run and are not parameters of the experiment."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from leap_kedro.records import UserError
from leap_kedro.records.parameter_errors import parameter_error
from leap_kedro.records.parameters import StrictModel

OptionsT = TypeVar("OptionsT", bound=StrictModel)


class OptionsRefused(UserError):
    """Some options are wrong; the message lists each with its value and the expected one."""


def read_options(model: type[OptionsT], given: Mapping[str, Any]) -> OptionsT:
    """The options of a command, of the class `model`, from the parameter `options`.

    Raises:
        OptionsRefused: If a name is unknown or a value is wrong.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = [
            parameter_error(model, ("options",), details, lambda _: "given by --params") for details in error.errors()
        ]
        raise OptionsRefused("Wrong options:\n" + "\n".join(f"  {problem}" for problem in problems)) from error
