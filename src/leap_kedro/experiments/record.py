"""The recorded parameters of an experiment, and differences from them.

Results of different parameters must not mix in one experiment, because its policies are trained on each other's data.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from leap_kedro.datasets.atomic import write_text
from leap_kedro.experiments.errors import RunRefused
from leap_kedro.experiments.folders import Experiment
from leap_kedro.records.hashing import json_hash


def check_parameters(
    experiment: Experiment,
    parameters: Mapping[str, Any],
    options: str = "",
    given: str = "",
    free: Collection[str] = (),
) -> None:
    """Record the parameters at the experiment's first run; once it has files, refuse others.

    Args:
        experiment: The experiment.
        parameters: Path -> value of the parameters on which results depend.
        options: Options of the run, for the commands in the message.
        given: The run's own parameters, as ``,name=value``, which a new experiment needs, too.
        free: Parameters that may differ in this run.

    Raises:
        RunRefused: If the experiment was started with other parameters; the message lists them.
        StorageError: If the record cannot be written.
    """
    path = experiment.record_folder / "experiment.json"
    has_files = any(folder != experiment.record_folder for folder in experiment.folders())
    if not path.is_file() or not (has_files or experiment.finished(1)):
        record = {"experiment": experiment.name, "digest": json_hash(parameters), "parameters": dict(parameters)}
        write_text(path, json.dumps(record, indent=2, sort_keys=True))
        return
    before = json.loads(path.read_text(encoding="utf-8"))["parameters"]
    changed = [
        f"  {name}: {_shown(before, name)} -> {_shown(parameters, name)}"
        for name in sorted({*before, *parameters} - {*free})
        if _shown(before, name) != _shown(parameters, name)
    ]
    if changed:
        raise RunRefused(
            f"Experiment '{experiment.name}' was started with other parameters (then -> now):\n"
            + "\n".join(changed)
            + "\nAn experiment has one set of parameters. You can\n"
            "  change them back;\n"
            f"  start another experiment:  kedro run{options} --params=experiment=NAME{given}\n"
            f"  start this one again:      kedro leap run{options} --fresh --experiment={experiment.name}"
            f"{given and f' --params={given[1:]}'}  (deletes its files, after asking)"
        )


def _shown(parameters: Mapping[str, Any], name: str) -> str:
    return json.dumps(parameters[name], sort_keys=True) if name in parameters else "(absent)"
