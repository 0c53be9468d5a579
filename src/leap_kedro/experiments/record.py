"""The parameters that an experiment was begun with, and what differs now.

Results of different parameters must not mix in one experiment: its policies are trained on each other's data.
"""

import json
from collections.abc import Mapping
from typing import Any

from leap_kedro.datasets.atomic import write_text
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment


def check_parameters(experiment: Experiment, parameters: Mapping[str, Any], digest: str, options: str = "") -> None:
    """Record the parameters at the experiment's first run; once it has files, refuse others.

    Args:
        experiment: The experiment.
        parameters: Parameter path -> value, of those that change results.
        digest: Digest of the same.
        options: Options of the run that the commands in the message need, too.

    Raises:
        RunRefused: If the experiment was begun with other parameters; the message lists them.
        StorageError: If the record cannot be written.
    """
    path = experiment.record_folder / "experiment.json"
    has_files = any(folder != experiment.record_folder for folder in experiment.folders())
    if not path.is_file() or not (has_files or experiment.finished(1)):
        record = {"experiment": experiment.name, "digest": digest, "parameters": dict(parameters)}
        write_text(path, json.dumps(record, indent=2, sort_keys=True))
        return
    began_with = json.loads(path.read_text(encoding="utf-8"))["parameters"]
    changed = [
        f"  {name}: {_shown(began_with, name)} -> {_shown(parameters, name)}"
        for name in sorted({*began_with, *parameters})
        if _shown(began_with, name) != _shown(parameters, name)
    ]
    if changed:
        raise RunRefused(
            f"Experiment '{experiment.name}' was begun with other parameters (then -> now):\n"
            + "\n".join(changed)
            + "\nOne experiment keeps one set of parameters. Three ways on:\n"
            "  change them back;\n"
            f"  begin another experiment:  kedro run{options} --params=experiment=NAME\n"
            f"  start this one again:      kedro leap run{options} --fresh --experiment={experiment.name}  "
            "(deletes its files, after asking)"
        )


def _shown(parameters: Mapping[str, Any], name: str) -> str:
    return json.dumps(parameters[name], sort_keys=True) if name in parameters else "(absent)"
