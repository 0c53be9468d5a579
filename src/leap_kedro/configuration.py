"""Kedro's configuration loader, with default parameters of each environment.

Numbers of tasks, names of splits and experts, caps on actions and budgets depend on the parameter `environment`. Each
environment has defaults in its own folder, so that `--params=environment=webshop` is sufficient. From the lowest to the
highest priority:

1. conf/base/parameters.yml
2. defaults.yml in the folder of the environment, over the general ones if it is of another package; if it plays
   official tasks, official.yml beside it, if there is one
3. conf/base/environments/<environment>.yml, if there is one
4. conf/<env>/parameters.yml, of the configuration environment of the run (`--env`)
5. conf/<env>/environments/<environment>.yml
6. --params

All are merged deeply before they are resolved, so a value may refer to one of another file. They are read once per
loader, so that they, including the iteration, stay the same during a run. The catalog reads them as
`${parameters:NAME}`.

The folder of the default environment (`conf/local`) is ignored by git and may be missing.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from kedro.config import MissingConfigException, OmegaConfigLoader
from kedro.utils import find_kedro_project, is_kedro_project
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from leap_kedro.environments.registry import (
    OWN,
    UnknownEnvironment,
    environment_folder,
    environment_name,
    plays_official,
)
from leap_kedro.records import UserError

PARAMETERS = "parameters"
FOLDER = "environments"
"""Folder of a configuration environment with one file per environment."""
DEFAULTS = "defaults.yml"
"""Name of the file with an environment's defaults, in the environment's own folder."""
OFFICIAL = "official.yml"
"""Name of the file with those that differ if it plays official tasks."""

PATTERN = frozenset("*?[]{}")
"""Characters of a path that Kedro interprets as a pattern of file names or of dataset names."""
_Files = dict[Path, DictConfig]


class UnknownConfigurationEnvironment(UserError, MissingConfigException):
    """The configuration environment has no folder."""


class ConfigurationUnreadable(UserError):
    """Configuration files cannot be read: malformed YAML, an invalid reference, a repeated name."""


class LeapConfigLoader(OmegaConfigLoader):
    """Kedro's loader, with the default parameters of the environment.

    Attributes:
        project: Root of the project, which `${project_path:NAME}` is relative to.
    """

    def __init__(self, conf_source: str | Path, *args: Any, **kwargs: Any) -> None:
        """Take the folder of configuration; other arguments as in Kedro's loader.

        Raises:
            ConfigurationUnreadable: If it is not a folder, or its path has a character that Kedro interprets as a
                pattern. Archives and remote addresses are not supported, because prompts and prices are read as files.
        """
        if not Path(conf_source).is_dir():
            raise ConfigurationUnreadable(
                f"{conf_source} is not a folder of configuration. Name one with --conf-source=FOLDER. `kedro package` "
                "packs it into an archive, which has to be unpacked: tar -xzf dist/conf-leap_kedro.tar.gz"
            )
        if found := sorted(PATTERN & set(str(conf_source))):
            raise ConfigurationUnreadable(
                f"The configuration is in {conf_source}, and Kedro interprets the characters {' '.join(found)} of a "
                "path as a pattern. Move the project to a folder without them, then run the same command again."
            )
        super().__init__(conf_source, *args, **kwargs)
        self.project = _project_of(Path(conf_source))
        self._is_official = False

    def __getitem__(self, key: str) -> dict[str, Any]:
        """The configuration of a key.

        Raises:
            ConfigurationUnreadable: If its files cannot be read.
            MissingConfigException: If there are none, or a folder of configuration is missing.
        """
        if key == PARAMETERS and key in self.data:
            return deepcopy(self.data[key])
        try:
            found = super().__getitem__(key)
        except (yaml.YAMLError, OmegaConfBaseException, ValueError) as error:
            raise ConfigurationUnreadable(
                f"The configuration '{key}' in {self.conf_source} cannot be read: {' '.join(str(error).split())} "
                "Correct the file, then run the same command again."
            ) from error
        if key == PARAMETERS:
            self.data[key] = deepcopy(found)
        return found

    def _parameter(self, name: str) -> Any:
        """A parameter, for `${parameters:NAME}` in the catalog."""
        value = self[PARAMETERS][name]
        return DictConfig(value) if isinstance(value, dict) else value

    def origin(self, path: str) -> str:
        """Where a parameter (``training.learning_rate``) is set, for messages."""
        if _has(self.runtime_params or {}, path):
            return "given by --params"
        conf, environment = Path(self.conf_source), str(self[PARAMETERS].get("environment"))
        for file in parameter_files(conf, self.env or self.default_run_env or "", environment):
            applies = file.name != OFFICIAL or self._is_official
            if applies and _has(yaml.safe_load(file.read_text(encoding="utf-8")) or {}, path):
                inside = file.is_relative_to(conf)
                return f"conf/{file.relative_to(conf).as_posix()}" if inside else str(file)
        return "conf/base/parameters.yml"

    def _inside(self, name: str) -> str:
        """Absolute path of a file or folder of the project, for `${project_path:NAME}`."""
        return str(self.project / name)

    def _file(self, name: str) -> str:
        """Path of a file of the configuration, for `${conf_source:NAME}`."""
        return str(Path(self.conf_source).absolute() / name)

    def _folders(self, name: str) -> list[str]:
        """Paths of a folder in `base` and in the environment of the run, for `${conf_folders:NAME}`."""
        return [self._file(f"{env}/{name}") for env in (self.base_env, self.env or self.default_run_env)]

    def _read_raw_config(self, key: str) -> tuple[_Files, _Files, str, str, set[Path]]:
        """The files of a key, unresolved, from the lowest priority to the highest.

        Kedro's public methods resolve each folder separately, which is too early. All files of parameters are returned
        as if they were in the base folder: Kedro merges those in this order with the runtime parameters, then resolves.

        Raises:
            MissingConfigException: If a folder is missing.
        """
        # Resolvers are global to the process, so each loader registers its own before it reads.
        OmegaConf.register_new_resolver("conf_source", self._file, replace=True)
        OmegaConf.register_new_resolver("project_path", self._inside, replace=True)
        OmegaConf.register_new_resolver("parameters", self._parameter, replace=True)
        OmegaConf.register_new_resolver("conf_folders", self._folders, replace=True)
        base, run, base_path, run_path, read = super()._read_raw_config(key)
        if key != PARAMETERS:
            return base, run, base_path, run_path, read
        merged = OmegaConf.merge(*base.values(), *run.values(), self.runtime_params)
        chosen = str(OmegaConf.select(merged, "environment"))
        name, shipped = _named(chosen)
        patterns = [f"{FOLDER}/{name}.yml"] if name else []
        files = dict(base)
        for folder in _default_folders(shipped):
            files |= self._read_dir_configs(str(folder), [DEFAULTS], key, read)
        own = {**self._read_dir_configs(base_path, patterns, key, read), **run}
        if run_path != base_path:
            own |= self._read_dir_configs(run_path, patterns, key, read)
        if shipped and (shipped / OFFICIAL).is_file():
            merged = OmegaConf.merge(*files.values(), *own.values(), self.runtime_params)
            options: Any = OmegaConf.to_container(OmegaConf.create(OmegaConf.select(merged, f"{FOLDER}.{name}") or {}))
            self._is_official = plays_official(chosen, options)
            if self._is_official:
                files |= self._read_dir_configs(str(shipped), [OFFICIAL], key, read)
        return {**files, **own}, {}, base_path, run_path, read

    def _read_dir_configs(self, conf_path: str, *arguments: Any, **options: Any) -> _Files:
        """The files of a folder.

        Raises:
            UnknownConfigurationEnvironment: If it is the missing folder of an environment.
        """
        if self._protocol == "file" and not Path(conf_path).is_dir():
            if conf_path == self._get_conf_env_path(self.default_run_env):
                return {}
            if self.env and conf_path == self._get_conf_env_path(self.env):
                conf = Path(self.conf_source)
                known = ", ".join(sorted(path.name for path in conf.iterdir() if path.is_dir()))
                raise UnknownConfigurationEnvironment(
                    f"No configuration environment in {conf_path} (--env={self.env}, or the variable KEDRO_ENV). "
                    f"Environments in {conf}: {known}."
                )
        found: _Files = super()._read_dir_configs(conf_path, *arguments, **options)
        return found


def parameter_files(conf: Path, env: str, environment: str) -> list[Path]:
    """Files that may set a parameter, from the highest priority to the lowest."""
    name, shipped = _named(environment)
    of_run, of_base = ([conf / folder / FOLDER / f"{name}.yml"] for folder in (env, "base"))
    of_run += sorted((conf / env).glob("**/parameters*.yml"))
    if shipped:
        of_base.append(shipped / OFFICIAL)
        of_base += [folder / DEFAULTS for folder in reversed(_default_folders(shipped))]
    of_base += sorted((conf / "base").glob("**/parameters*.yml"))
    return [path for path in (*of_run, *of_base) if path.is_file()]


def _named(environment: str) -> tuple[str, Path | None]:
    """Name and folder of an environment; None if there is none, which the check of parameters reports."""
    try:
        return environment_name(environment), environment_folder(environment)
    except UnknownEnvironment:
        return environment if environment.isidentifier() else "", None


def _default_folders(shipped: Path | None) -> list[Path]:
    """Folders whose defaults apply to an environment in the folder `shipped`, from the lowest priority."""
    if shipped is None:
        return []
    return [shipped] if shipped.parent == OWN else [OWN, shipped]


def _project_of(conf: Path) -> Path:
    """The probable project of a folder of configuration.

    In a session, a hook replaces it by the session's project. kedro-viz reads the configuration without hooks.
    """
    folder = conf.absolute().parent
    return folder if is_kedro_project(folder) else Path(find_kedro_project(Path.cwd()) or Path.cwd())


def _has(tree: Any, path: str) -> bool:
    for name in path.split("."):
        if not isinstance(tree, dict) or name not in tree:
            return False
        tree = tree[name]
    return True
