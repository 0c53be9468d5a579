"""Options of the command that runs: what only selects, and is no parameter of the experiment."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from leap_kedro.records import UserError
from leap_kedro.records.parameter_errors import parameter_error
from leap_kedro.records.parameters import StrictModel

OptionsT = TypeVar("OptionsT", bound=StrictModel)


class OptionsRefused(UserError):
    """Some options are wrong; the message lists each with its value and what is expected."""


def read_options(model: type[OptionsT], given: Mapping[str, Any]) -> OptionsT:
    """The options that a command takes, of the parameter `options`.

    Args:
        model: The options of the command.
        given: The parameter `options`.

    Raises:
        OptionsRefused: If a name is unknown, or a value wrong.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems = [
            parameter_error(model, ("options",), details, lambda _: "given by --params") for details in error.errors()
        ]
        raise OptionsRefused("Wrong options:\n" + "\n".join(f"  {problem}" for problem in problems)) from error
