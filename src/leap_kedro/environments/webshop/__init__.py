"""WebShop (Yao et al., NeurIPS 2022): shopping by instruction, as a text game."""

from collections.abc import Mapping
from typing import Any

from leap_kedro.environments.protocol import Benchmark


def build_benchmark(options: Mapping[str, Any]) -> Benchmark:
    """The benchmark with the given options (`parameters.WebShopOptions`).

    Raises:
        pydantic.ValidationError: If an option is unknown or out of range.
    """
    from leap_kedro.environments.webshop.benchmark import WebShop
    from leap_kedro.environments.webshop.parameters import WebShopOptions

    return WebShop(WebShopOptions.model_validate(dict(options)))
