"""Kedro's configuration loader, with parameters that follow from the environment that is played.

Numbers of tasks, names of splits and experts, caps on actions and budgets depend on the parameter `environment`. They
stand in `conf/<env>/environments/<environment>.yml`, so that `--params=environment=webshop` is all that has to be said.
From the lowest to the highest:

1. conf/base/parameters.yml
2. conf/base/environments/<environment>.yml
3. conf/<env>/parameters.yml, of the configuration environment of the run (`--env`)
4. conf/<env>/environments/<environment>.yml
5. --params
"""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from kedro.config import MissingConfigException, OmegaConfigLoader
from omegaconf import OmegaConf

PARAMETERS = "parameters"
FOLDER = "environments"
"""Folder of a configuration environment that has a file an environment."""

_NAME = re.compile(r"\w+")


class LeapConfigLoader(OmegaConfigLoader):
    """Reads configuration as Kedro does, and parameters with those of the environment in between."""

    def __getitem__(self, key: str) -> Any:
        """The configuration of a key; see `OmegaConfigLoader`.

        Raises:
            MissingConfigException: If there is none.
        """
        found = super().__getitem__(key)
        if key != PARAMETERS or not isinstance(found, dict):
            return found
        layers: list[Any] = []
        for env in dict.fromkeys((self.base_env, self.env or self.default_run_env)):
            layers += [self._layer(env, None), self._layer(env, found.get("environment"))]
        merged = OmegaConf.merge(*layers, self.runtime_params or {})
        return OmegaConf.to_container(merged, resolve=True)

    def _layer(self, env: str | None, environment: Any) -> dict[str, Any]:
        """Parameters of one folder: those of any environment (None), or of one; empty where there is no file."""
        patterns = {}
        if environment is not None:
            if not _NAME.fullmatch(str(environment)):
                return {}
            patterns = {PARAMETERS: [f"{FOLDER}/{environment}.yml"]}
        loader = OmegaConfigLoader(
            self.conf_source,
            base_env=env,
            default_run_env=env,
            config_patterns=patterns,
            custom_resolvers=self._custom_resolvers,
        )
        with suppress(MissingConfigException):
            layer: dict[str, Any] = loader[PARAMETERS]
            return layer
        return {}


def parameter_files(conf: Path, env: str, environment: str) -> list[Path]:
    """Files that may set a parameter, the one that decides first."""
    files: list[Path] = []
    for folder in (env, "base"):
        files += [conf / folder / FOLDER / f"{environment}.yml", *sorted((conf / folder).glob("**/parameters*.yml"))]
    return [path for path in files if path.is_file()]
