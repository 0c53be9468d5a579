"""A saved policy plays tasks: the seam between the stages and the rollout driver."""

from collections.abc import Iterator, Sequence

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.pipelines.episodes import AllEpisodesBroken
from leap_kedro.pipelines.rollout.parameters import PlayParameters
from leap_kedro.records import Episode, Task


def play(
    policy: SavedPolicy,
    spec: EnvironmentSpec,
    tasks: Sequence[Task],
    parameters: PlayParameters,
    temperature: float,
    run_seed: int,
    iteration: int,
    title: str,
) -> Iterator[Episode]:
    """Play each task once, with a progress bar on a terminal.

    Args:
        policy: Who plays.
        spec: Where.
        tasks: What; each once.
        parameters: How.
        temperature: Sampling temperature; 0 is greedy.
        run_seed: Seed that the episodes' seeds follow from.
        iteration: LEAP iteration, for the record.
        title: Title of the progress bar.

    Yields:
        Episodes as they end, which is not the order of the tasks.

    Raises:
        AllEpisodesBroken: After the last one, if there were some and each ended for an infrastructure reason.
    """
    from tqdm import tqdm

    from leap_kedro.policies.local import LocalPolicySpec
    from leap_kedro.policies.play import PlaySettings
    from leap_kedro.policies.workers import play_in_processes

    if not tasks:
        return
    policy_spec = LocalPolicySpec(
        folder=policy.folder,
        id=policy.id,
        temperature=temperature,
        max_new_tokens=parameters.max_reply_tokens,
        hold_to_admissible=parameters.hold_to_admissible,
        slots=parameters.slots,
        environment=spec.name,
    )
    settings = PlaySettings(
        max_actions=parameters.max_actions,
        refused_limit=parameters.max_refused,
        slots=parameters.slots,
        seed=run_seed,
        iteration=iteration,
    )
    said_something = solved = 0
    last_error = ""
    episodes = play_in_processes(tasks, spec, policy_spec, settings, parameters.processes)
    with tqdm(total=len(tasks), desc=title, unit="episode", disable=None) as bar:
        for episode in episodes:
            solved += episode.success
            if episode.stop.is_infrastructure:
                last_error = episode.error
            else:
                said_something += 1
            bar.set_postfix(solved=solved, refresh=False)
            bar.update()
            yield episode
    if not said_something:
        raise AllEpisodesBroken(
            f"{title}: all {len(tasks)} episodes broke before they said anything about {policy.id} "
            f"({policy.folder}). The last error: {last_error}. Mend that and run the same command again."
        )
