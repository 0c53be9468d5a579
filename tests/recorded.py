"""Small made-up episodes and results that several test folders share."""

from leap_kedro.evaluation.success import Conditions, EvaluationSummary, Role, summarize
from leap_kedro.records import Episode, ParseStatus, Step, StopReason, Task

VALIDATION = Conditions(
    environment="alfworld",
    split="validation",
    role=Role.VALIDATION,
    max_actions=30,
    held_to_admissible=True,
    temperature=0.0,
    seed=7,
    data_source="generated",
    text_version="2.1.1",
)
TEST = Conditions("alfworld", "valid_unseen", Role.TEST, 30, True, 0.0, 7, "generated", "2.1.1")


def make_step(action: str = "go to desk 1", **fields: object) -> Step:
    values: dict[str, object] = {
        "observation": "You are in the middle of a room.",
        "admissible": ("go to desk 1", "look"),
        "reply": f"I need a mug. <act> {action}",
        "reason": "I need a mug. Next is desk 1.",
        "action": action,
        "parse_status": ParseStatus.OK,
        "accepted": True,
        "score": 0.0,
    }
    return Step(**{**values, **fields})  # type: ignore[arg-type]


def make_episode(
    number: int = 0,
    success: bool = True,
    steps: tuple[Step, ...] | None = None,
    stop: StopReason | None = None,
    *,
    kind: str = "pick_and_place_simple",
    iteration: int = 1,
    error: str = "",
) -> Episode:
    return Episode(
        task=Task(f"game-{number}", "alfworld", "validation", "put a mug in desk.", kind),
        policy=f"pi_{iteration}",
        iteration=iteration,
        seed=7,
        steps=steps if steps is not None else (make_step(), make_step("take mug 1 from desk 1")),
        final_observation="You pick up the mug 1 from the desk 1.",
        score=1.0 if success else 0.0,
        success=success,
        stop=stop or (StopReason.SOLVED if success else StopReason.STEP_LIMIT),
        error=error,
    )


def make_summary(
    iteration: int | None, solved: int, total: int = 10, conditions: Conditions = VALIDATION, policy: str | None = None
) -> EvaluationSummary:
    """Result with `solved` of `total` episodes solved; odd ones are of one kind, even ones of another."""
    kinds = ("look_at_obj_in_light", "pick_and_place_simple")
    episodes = [make_episode(number, number < solved, kind=kinds[number % 2]) for number in range(total)]
    return summarize(episodes, conditions, policy or f"pi_{iteration}", iteration)
