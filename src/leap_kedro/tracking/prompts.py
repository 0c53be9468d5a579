"""Prompts in MLflow's prompt registry: a version for each wording, linked to the runs that asked with it."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

_PREFIX = "leap_prompt"


def prompt_name(name: str) -> str:
    """Name in the registry, which allows fewer characters than paths have."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", f"{_PREFIX}.{name.replace('/', '.')}")


def register_prompts(client: "MlflowClient", run: str, prompts: Mapping[str, str]) -> None:
    """Register each prompt, unless its latest version has the same text, and link it to a run.

    Args:
        client: Client of the tracking server.
        run: Id of the run that used them.
        prompts: Text by name ("alfworld/teacher_episode").
    """
    for name, text in prompts.items():
        registered = prompt_name(name)
        latest = client.get_prompt(registered) and client.load_prompt(f"prompts:/{registered}@latest")
        if latest is None or latest.template != text:
            latest = client.register_prompt(registered, text)
        client.link_prompt_version_to_run(run, latest)
