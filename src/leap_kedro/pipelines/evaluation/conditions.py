"""The conditions of an evaluation, from its episodes and parameters."""

from collections.abc import Sequence

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
) -> Conditions:
    """The conditions of a result.

    Args:
        split: Name under which the split is reported.
        role: Role of the split.
        episodes: The episodes, whose tasks name their source.
        parameters: How they were played.
        seed: Seed of everything random.
        held_to_admissible: Whether replies were held to the admissible actions, if those are listed; None: as in
            `parameters`.

    Raises:
        NothingMeasured: If there are no episodes.
    """
    if not episodes:
        raise NothingMeasured(f"There are no episodes on split '{split}'. Does the split have tasks?")
    task = episodes[0].task
    variant = Variant.of(task)
    held = parameters.hold_to_admissible if held_to_admissible is None else held_to_admissible
    listed = any(step.admissible is not None for episode in episodes for step in episode.steps)
    return Conditions(
        environment=task.environment,
        split=split,
        role=role,
        max_actions=parameters.max_actions,
        held_to_admissible=held and listed,
        temperature=parameters.temperature,
        seed=seed,
        data_source=variant.source,
        text_version=variant.text_version,
        scoring=variant.scoring,
    )
