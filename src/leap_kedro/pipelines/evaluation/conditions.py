"""The conditions of an evaluation, from its episodes and parameters."""

from collections.abc import Sequence
from statistics import fmean

from leap_kedro.environments.protocol import Variant
from leap_kedro.evaluation.success import Conditions, NothingMeasured, Role
from leap_kedro.pipelines.evaluation.parameters import EvaluationParameters
from leap_kedro.records import Episode


def conditions(
    split: str,
    role: Role,
    episodes: Sequence[Episode],
    parameters: EvaluationParameters,
    seed: int,
    held_to_admissible: bool | None = None,
    *,
    prompted: bool = False,
) -> Conditions:
    """The conditions of a result.

    Args:
        split: Name under which the split is reported.
        role: Role of the split.
        episodes: The episodes, whose tasks name their source.
        parameters: How they were played.
        seed: Seed of everything random.
        held_to_admissible: Whether replies were held to the admissible actions, if those are listed; None: as the
            episodes of a served policy record for most replies, and for other policies as in `parameters`.
        prompted: Whether the policy is a prompted model of a server, which is shown the list that it is to be held to.

    Raises:
        NothingMeasured: If there are no episodes.
    """
    if not episodes:
        raise NothingMeasured(f"There are no episodes on split '{split}'. Does the split have tasks?")
    task = episodes[0].task
    variant = Variant.of(task)
    steps = [step for episode in episodes for step in episode.steps]
    listed = any(step.admissible is not None for step in steps)
    wanted = parameters.hold_to_admissible and listed
    recorded = [step.held for step in steps if step.held is not None]
    held = fmean(recorded) > 1 / 2 if recorded else wanted and not prompted
    return Conditions(
        environment=task.environment,
        split=split,
        role=role,
        max_actions=parameters.max_actions,
        held_to_admissible=held if held_to_admissible is None else held_to_admissible and listed,
        temperature=parameters.temperature,
        seed=seed,
        data_source=variant.source,
        text_version=variant.text_version,
        scoring=variant.scoring,
        shown_admissible=prompted and wanted,
    )
