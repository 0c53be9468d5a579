"""Demonstrations by a prompted language model: the base model, or a model of a server."""

from collections.abc import Iterator, Sequence

from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.pipelines.bootstrap.parameters import BootstrapParameters
from leap_kedro.pipelines.play_parameters import PlayParameters
from leap_kedro.pipelines.playing import Playing, play
from leap_kedro.pipelines.remote_policy import SCHEME, RemotePolicy
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.records import Example, Target, Task, UserError
from leap_kedro.teachers.unprivileged import intended

BASE = "base"
"""The demonstrator that is the base model."""


class NoDemonstrations(UserError):
    """The prompted model solved too few tasks."""


def is_prompted(demonstrator: str) -> bool:
    """Whether the parameter `bootstrap.demonstrator` names a language model."""
    return demonstrator == BASE or demonstrator.startswith(SCHEME)


def prompted_demonstrations(
    policy: Playing,
    spec: EnvironmentSpec,
    tasks: Sequence[Task],
    parameters: BootstrapParameters,
    playing: PlayParameters,
    serving: ServingParameters | None,
    run_seed: int,
) -> Iterator[Example]:
    """The solved ones of the episodes on these tasks.

    Args:
        policy: The language model.
        spec: The environment.
        tasks: Training tasks, one per demonstration.
        parameters: The cap on actions.
        playing: How it plays otherwise.
        serving: The server of a base model; None: it is loaded.
        run_seed: Seed from which the episodes' seeds are derived.

    Raises:
        NoDemonstrations: If it solves none.
    """
    how = playing.model_copy(update={"max_actions": parameters.max_actions})
    served = isinstance(policy, RemotePolicy)
    title = f"demonstrations by {policy.id}"
    solved = 0
    for episode in play(policy, spec, tasks, how, 0.0, run_seed, 0, title, must_answer=served, serving=serving):
        if episode.success:
            solved += 1
            yield Example.of(
                episode,
                [
                    Target(number, step.reason or intended(step.action).reason, step.action)
                    for number, step in enumerate(episode.steps)
                    if step.action and step.accepted
                ],
            )
    if not solved:
        raise NoDemonstrations(
            f"'{parameters.demonstrator}' (`bootstrap.demonstrator`) solved none of {len(tasks)} training tasks within "
            f"{parameters.max_actions} actions. Use a larger model, raise `bootstrap.max_actions` or "
            "`bootstrap.demonstrations`, or give a file of episodes (docs/your_environment.md)."
        )
