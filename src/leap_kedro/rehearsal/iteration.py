"""One iteration with a small random student, by the functions of the pipelines.

Covered: the parameters, tasks and demonstrations, the prompts of student and teacher, a few rollouts, their
corrections, the training set and one step of each training that the parameters describe. No language model is called:
the oracle corrects instead. Others replace a missing base model and missing official tasks. NOT covered: the GPU,
servers, several processes or machines, real sizes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leap_kedro.compute import ComputeParameters
from leap_kedro.datasets.history import Iteration
from leap_kedro.datasets.policy import PolicyFolderDataset, SavedPolicy
from leap_kedro.datasets.records import RecordsDataset
from leap_kedro.environments.protocol import EnvironmentSpec, TaskDataAbsent
from leap_kedro.environments.registry import environment_instructions, make_benchmark
from leap_kedro.pipelines.aggregation.examples import build_examples
from leap_kedro.pipelines.aggregation.nodes import mix
from leap_kedro.pipelines.bootstrap.base import described_base
from leap_kedro.pipelines.bootstrap.nodes import demonstrate
from leap_kedro.pipelines.correction.nodes import correct, select_prompts
from leap_kedro.pipelines.correction.parameters import TeacherKind, Which
from leap_kedro.pipelines.data_preparation.nodes import prepare_tasks
from leap_kedro.pipelines.history import History
from leap_kedro.pipelines.rollout.nodes import roll_out
from leap_kedro.pipelines.training.nodes import train_by_method
from leap_kedro.pipelines.training.parameters import TrainingParameters
from leap_kedro.policies.folder import has_weights
from leap_kedro.records import Episode, Example, OwnReply, Target, Task
from leap_kedro.rehearsal.demonstrator import stand_in_demonstrator
from leap_kedro.rehearsal.stand_in import UnusableBase
from leap_kedro.training.quantization import CannotQuantize, check_quantization

if TYPE_CHECKING:
    from leap_kedro.language_models import Access
    from leap_kedro.pipelines.parameters import LeapParameters
    from leap_kedro.training.packing import Packed

DEMONSTRATIONS = 8
_ROLLOUTS, _ACTIONS, _REPLY_TOKENS = 2, 3, 24

_ONE_STEP = {
    "max_steps": 1,
    "epochs": None,
    "max_tokens": None,
    "device": "cpu",
    "threads": 1,
    "processes": 1,
    "nodes": 1,
    "rendezvous": None,
    "accelerate": None,
}


@dataclass(slots=True)
class Rehearsal:
    """The results of a rehearsal.

    Attributes:
        base: Folder in which the base is expected.
        not_fetched: Why a base of the Hugging Face Hub is not there; empty if it is.
        absent: What the real run needs and this machine lacks, with its replacement.
        tasks: Number of tasks by role.
        demonstrations: The few demonstrations of D_0.
        examples: D_1.
        trainings: Report of each training step, by name.
        packs: The demonstrations, packed for training.
        row_tokens: Their tokens with one row per reply.
        student_prompt: A decision as the student sees it, and the reply that it learns.
        teacher_prompt: Role and text of each message to a teacher behind a server; empty for other teachers.
    """

    base: Path
    not_fetched: str = ""
    absent: list[str] = field(default_factory=list)
    tasks: dict[str, int] = field(default_factory=dict)
    demonstrations: Sequence[Example] = ()
    examples: Sequence[Example] = ()
    trainings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    packs: "Sequence[Packed]" = ()
    row_tokens: int = 0
    student_prompt: str = ""
    teacher_prompt: Sequence[tuple[str, str]] = ()


def rehearse(parameters: "LeapParameters", access: "Access", folder: Path) -> Rehearsal:
    """Go through an iteration.

    Args:
        parameters: All parameters, checked.
        access: Key, prices and prompts of language models, which are not called.
        folder: Folder for all files.

    Raises:
        UnusableBase: If the base's files are broken.
        ServingFailed: If the student is served and a server cannot build its prompts.
        PromptError: If a prompt of the teacher is missing or malformed.
        TrainingFailed: If a training step fails.
    """
    from leap_kedro.rehearsal.stand_in import write_stand_in

    name, seed, found = parameters.environment, parameters.seed, _base(parameters)
    environments, tasks = _tasks(parameters, folder, found)
    few = stand_in_demonstrator(parameters.bootstrap, DEMONSTRATIONS)
    found.demonstrations = demonstrate(tasks, few, parameters.correction, ComputeParameters(), name, environments, seed)
    student = SavedPolicy("stand-in", -1, folder / "base")
    texts = [text for example in found.demonstrations for text in _texts(example)]
    if not write_stand_in(found.base, student.folder, texts, seed):
        why = found.not_fetched or f"no config.json in {found.base}."
        found.absent.append(
            f"the base model (`bootstrap.base`): {why} A tokenizer trained on {DEMONSTRATIONS} episodes and the "
            "architecture of Llama 3 replaced it"
        )
    _render(student, parameters, found)
    _check_serving(student, parameters, found)
    first = TrainingParameters(fine_tuning=parameters.bootstrap.fine_tuning)
    pi_0 = _one_step("pi_0", student, found.demonstrations, first, parameters, folder, found)
    history = _history(pi_0, found.demonstrations, folder)
    found.examples = _lesson(history, tasks, parameters, environments, access, found)
    how = parameters.aggregation.model_copy(update={"held_out_share": 0.0})
    mixed = mix(history, found.examples, how, seed, 1)
    _one_step("pi_1", history[0].policy(), mixed, parameters.training, parameters, folder, found)
    return found


def _base(parameters: "LeapParameters") -> Rehearsal:
    """The folder of the base. One that the loop would refuse is refused, except for missing weights."""
    from leap_kedro.policies.hub import ModelNotFetched

    try:
        found = Rehearsal(described_base(parameters.bootstrap, parameters.environment))
    except ModelNotFetched as error:
        found = Rehearsal(Path(parameters.bootstrap.base), not_fetched=f"{error}.")
    folder = found.base
    if not folder.is_dir() or not any(folder.iterdir()):
        return found
    from leap_kedro.policies.folder import PolicyFolderError
    from leap_kedro.policies.preflight import check_policy

    described = (folder / "config.json").is_file() and not has_weights(folder)
    try:
        check_policy(folder, parameters.environment, weights=not described)
    except PolicyFolderError as error:
        raise UnusableBase(f"`bootstrap.base` is {folder}. {error}") from error
    if described:
        found.absent.append(f"the weights of the base model (`bootstrap.base`): no *.safetensors in {folder}")
    return found


def _tasks(
    parameters: "LeapParameters", folder: Path, found: Rehearsal
) -> tuple[dict[str, dict[str, Any]], dict[str, list[Task]]]:
    """Options by environment, and a few tasks by split; generated tasks if the official files are missing."""
    few = parameters.data_preparation.model_copy(
        update={
            "train": DEMONSTRATIONS,
            "validation": min(2, parameters.data_preparation.validation),
            "test": {split: 1 for split, count in parameters.data_preparation.test.items() if count != 0},
        }
    )
    name = parameters.environment
    options = {**parameters.environments.get(name, {})}
    official = options.get("source") in ("official", "auto")
    if official:
        options["cache_folder"] = str(folder / "cache")  # instead of the user's cache
    environments = {**parameters.environments, name: options}
    try:
        tasks = prepare_tasks(name, environments, few, parameters.seed)
    except TaskDataAbsent as error:
        if not official:
            raise
        found.absent.append(f"the official data (`environments.{name}.source`): {error} Generated tasks replaced it")
        environments[name] = {"source": "generated"}
        tasks = prepare_tasks(name, environments, few, parameters.seed)
    found.tasks = {split: len(of_split) for split, of_split in tasks.items()}
    return environments, tasks


def _texts(example: Example) -> Iterator[str]:
    yield example.opening
    for turn in example.turns:
        yield f"{turn.action}\n{turn.observation}"
    for target in example.targets:
        yield f"REASON: {target.reason}\nACTION: {target.action}"


def _render(student: SavedPolicy, parameters: "LeapParameters", found: Rehearsal) -> None:
    from transformers import AutoTokenizer

    from leap_kedro.prompts.select import renderer_for
    from leap_kedro.training.examples import packed_examples, rows_of

    tokenizer = AutoTokenizer.from_pretrained(student.folder)
    renderer = renderer_for(tokenizer, parameters.environment)
    rows = [row for example in found.demonstrations for row in rows_of(example, renderer)]
    found.packs = packed_examples(found.demonstrations, renderer)
    found.row_tokens = sum(len(row.ids) - 1 for row in rows)
    found.student_prompt = str(tokenizer.decode(list(rows[min(1, len(rows) - 1)].ids)))


def _check_serving(student: SavedPolicy, parameters: "LeapParameters", found: Rehearsal) -> None:
    from leap_kedro.pipelines.vllm_server import check_prompts, is_installed

    serving = parameters.serving
    if serving is None:
        return
    check_prompts(student, serving, parameters.environment)
    if serving.base_url is None and not is_installed(serving):
        found.absent.append(f"the program `{serving.command}` (`serving.command`): no server was started")


def _one_step(
    name: str,
    parent: SavedPolicy,
    examples: Sequence[Example],
    how: TrainingParameters,
    parameters: "LeapParameters",
    folder: Path,
    found: Rehearsal,
) -> SavedPolicy:
    step = {**_ONE_STEP}
    try:
        check_quantization(parameters.fine_tuning.overridden(how.fine_tuning), "fine_tuning")
    except CannotQuantize as error:
        step["dtype"] = "auto"
        if (absent := f"bitsandbytes. {error.message.rstrip('.')}") not in found.absent:
            found.absent.append(absent)
    small = how.everywhere(step).model_copy(update={"validation_share": 0.0})
    found.trainings[name], policies = train_by_method(
        parent, examples, folder / name, small, parameters.fine_tuning, parameters.seed, parent.iteration + 1
    )
    return policies[0]


def _history(pi_0: SavedPolicy, demonstrations: Sequence[Example], folder: Path) -> History:
    policies, examples = folder / "policies" / "pi_0", folder / "D_0.jsonl"
    PolicyFolderDataset(str(policies)).save(pi_0)
    RecordsDataset(str(examples), "Example").save(demonstrations)
    return {0: Iteration({"evaluations": []}, policies, examples)}


def _lesson(
    history: History,
    tasks: Mapping[str, Sequence[Task]],
    parameters: "LeapParameters",
    environments: Mapping[str, Mapping[str, Any]],
    access: "Access",
    found: Rehearsal,
) -> list[Example]:
    """D_1 of a few short episodes.

    A random student's reply is seldom readable, so a readable one replaces it where it is the rejected reply.
    """
    few = parameters.rollout.model_copy(
        update={
            "episodes": _ROLLOUTS,
            "max_actions": min(_ACTIONS, parameters.rollout.max_actions),
            "max_reply_tokens": min(_REPLY_TOKENS, parameters.rollout.max_reply_tokens),
            "max_thought_tokens": min(_REPLY_TOKENS, parameters.rollout.max_thought_tokens),
            "group_size": 1,
            "processes": 1,
            "slots": _ROLLOUTS,
        }
    )
    name = parameters.environment
    where = ComputeParameters(), name, environments
    episodes = list(roll_out(history, tasks, few, parameters.bootstrap, None, *where, parameters.seed, 1)([]))
    how = parameters.correction.model_copy(update={"episodes": Which.ALL})
    used = select_prompts(access, how, name)
    if how.teacher.in_words:
        found.teacher_prompt = _teacher_prompt(used, parameters, EnvironmentSpec(name, environments[name]), episodes[0])
        if how.teacher.language_model(parameters.server).base_url is None and access.api_key is None:
            found.absent.append("a key for the teacher's server (conf/local/credentials.yml, or OPENAI_API_KEY)")
    if how.teacher.in_words or how.teacher.kind is TeacherKind.NONE:  # which keeps nothing of a random student
        how = how.model_copy(update={"teacher": how.teacher.model_copy(update={"kind": TeacherKind.ORACLE})})
    corrected = correct(episodes, history, {}, access, how, parameters.server, *where, 1)
    examples = build_examples(episodes, list(corrected([])), how)
    return [replace(each, targets=tuple(_rejecting(target) for target in each.targets)) for each in examples]


def _rejecting(target: Target) -> Target:
    return replace(target, rejected=target.rejected or OwnReply("I look around.", "look"))


def _teacher_prompt(
    prompts: Mapping[str, str], parameters: "LeapParameters", spec: EnvironmentSpec, episode: Episode
) -> list[tuple[str, str]]:
    from leap_kedro.teachers.briefing import brief
    from leap_kedro.teachers.llm.prompts import TeacherPrompts, View

    how = parameters.correction
    benchmark = make_benchmark(spec)
    view = how.teacher.view
    templates = TeacherPrompts(prompts, benchmark.name, view, how.privilege, environment_instructions(spec.name))
    briefing = brief(benchmark, benchmark.oracle(), episode)
    messages = templates.episode(briefing) if view is View.EPISODE else templates.step(briefing, 0)
    return [(message.role.value, message.content) for message in messages]
