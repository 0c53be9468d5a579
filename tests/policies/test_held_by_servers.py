"""Real servers hold replies to the admissible actions: llama.cpp, and vLLM beside this process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import real_vllm
from language_models.real_server import MODEL
from toys import answers

from leap_kedro.datasets.policy import SavedPolicy
from leap_kedro.environments.actions import is_listed
from leap_kedro.environments.protocol import EnvironmentSpec
from leap_kedro.environments.registry import make_benchmark
from leap_kedro.language_models import Access, BudgetParameters, ModelParameters
from leap_kedro.pipelines.play_parameters import PlayParameters
from leap_kedro.pipelines.playing import play as play_in_loop
from leap_kedro.pipelines.vllm_server import ServingParameters
from leap_kedro.policies.local import LocalPolicySpec
from leap_kedro.policies.openai_policy import OpenAIPolicy, OpenAIPolicySpec
from leap_kedro.policies.play import play
from leap_kedro.policies.protocol import Reply
from leap_kedro.policies.running_episode import PlaySettings
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.templates import TEMPLATE_OPTIONS
from leap_kedro.records import Example, ParseStatus, Target

pytestmark = pytest.mark.slow

SPEC = EnvironmentSpec("alfworld", {"source": "generated"})
THINGS = ("desk", "shelf", "bed", "drawer", "fridge", "cabinet")
EVERYWHERE = tuple(f"go to {thing} 1" for thing in THINGS)
REPLY_TOKENS = 64


def served(base_url: str, model: str, max_tokens: int = REPLY_TOKENS, **more: Any) -> OpenAIPolicy:
    extra = {"chat_template_kwargs": dict(TEMPLATE_OPTIONS), **more.pop("extra", {})}
    parameters = ModelParameters(base_url=base_url, model=model, max_tokens=max_tokens, retries=0, extra=extra)
    return OpenAIPolicySpec("served", parameters, Access(), BudgetParameters(), hold_to_admissible=True, **more).load()


def test_an_untrained_model_plays_listed_actions_only(language_model_url: str) -> None:
    policy = served(language_model_url, MODEL, environment="alfworld")
    tasks = make_benchmark(SPEC).tasks("train", 1, 0)
    episodes = list(play(tasks, SPEC, policy, PlaySettings(max_actions=3)))
    steps = [step for episode in episodes for step in episode.steps]
    assert len(steps) == 3
    assert {step.held for step in steps} == {True}
    readable = [step for step in steps if step.parse_status is ParseStatus.OK]
    assert readable
    assert all(step.action in (step.admissible or ()) and step.accepted for step in readable)
    assert {step.parse_status for step in steps} <= {ParseStatus.OK, ParseStatus.TRUNCATED}


def test_an_open_action_is_free_in_its_place(language_model_url: str) -> None:
    opening = "You are in a shop. Your task is to: buy a red mug."
    policy = served(language_model_url, MODEL)
    (search, closed) = answers(
        policy, *(Conversation("e", opening, (), listed) for listed in (("search[<words>]",), ('say "\\ é" now',)))
    )
    assert search.action.startswith("search[")
    assert search.action.endswith("]")
    assert (closed.action, closed.held) == ('say "\\ é" now', True)


def test_a_server_that_gets_no_grammar_holds_by_a_json_schema(language_model_url: str) -> None:
    # Rounding differs with the prompts that the server has cached, and with it how long the reason becomes.
    without = {"structured_outputs": None, "grammar": None, "cache_prompt": False}
    policy = served(language_model_url, MODEL, max_tokens=150, extra=without)
    listed = ("look", "go to desk 1", "search[<words>]")
    (reply,) = answers(policy, Conversation("e", "You see a desk 1. Your task is to: find a mug.", (), listed))
    assert reply.text.lstrip().startswith("{")
    assert (reply.status, reply.held, is_listed(reply.action, listed)) == (ParseStatus.OK, True, True)


def asked(thing: str, listed: tuple[str, ...]) -> Conversation:
    return Conversation(thing, f"You are in a room. Your task is to: find the {thing}.", (), listed)


def taught(folder: Path, target: Path) -> Path:
    """The model in `folder` after a short training: it goes to the thing that it is to find."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from leap_kedro.policies.folder import save_policy
    from leap_kedro.prompts.chat import ChatRenderer
    from leap_kedro.training.examples import rows_of

    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(0)
    model.apply(lambda part: part.reset_parameters() if isinstance(part, torch.nn.Linear) else None)
    targets = [Target(0, f"I need the {thing}.", f"go to {thing} 1") for thing in THINGS]
    examples = [
        Example("e", 0, "alfworld", asked(thing, ()).opening, (), (target,))
        for thing, target in zip(THINGS, targets, strict=True)
    ]
    rows = [row for example in examples for row in rows_of(example, ChatRenderer(tokenizer))]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(90):
        row = rows[step % len(rows)]
        ids, reply = torch.tensor([row.ids]), sum(weight > 0 for weight in row.weights)
        logits = model(ids).logits[0, -reply - 1 : -1]
        loss = torch.nn.functional.cross_entropy(logits, ids[0, -reply:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    save_policy(model, tokenizer, target)
    return target


@pytest.fixture(scope="module")
def student(tiny_chat: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(tiny_chat, tmp_path_factory.mktemp("student") / "pi_0")


@pytest.fixture(scope="module")
def student_url(vllm_command: str, student: Path) -> Iterator[str]:
    with real_vllm.running(student, real_vllm.parameters(command=vllm_command)) as url:
        yield url


@pytest.mark.vllm
def test_local_and_served_runs_of_the_same_weights_agree(student: Path, student_url: str) -> None:
    def local(hold: bool) -> list[Reply]:
        spec = LocalPolicySpec(student, "local", max_new_tokens=REPLY_TOKENS, hold_to_admissible=hold, dtype="float32")
        return spec.load().reply(conversations)

    lists = {"all": EVERYWHERE, "one other": ("look",), "open": ("open <words> now", "go to <words>")}
    conversations = [asked(thing, listed) for listed in lists.values() for thing in THINGS]
    free, held = local(False), local(True)
    there = answers(served(student_url, str(student), trained=True), *conversations)
    assert [reply.action for reply in free] == [*EVERYWHERE] * 3
    assert [reply.action for reply in held] == [*EVERYWHERE, *["look"] * 6, *EVERYWHERE]
    assert [(reply.text, reply.reason, reply.action) for reply in there] == [
        (reply.text, reply.reason, reply.action) for reply in held
    ]
    assert {reply.held for reply in there} == {True}


@pytest.mark.vllm
def test_the_loop_has_its_student_held(student: Path, student_url: str) -> None:
    how = PlayParameters(max_actions=3, max_reply_tokens=REPLY_TOKENS, max_refused=None)
    tasks = make_benchmark(SPEC).tasks("train", 2, 0)
    policy, serving = SavedPolicy("pi_0", 0, student), ServingParameters(base_url=student_url)
    episodes = play_in_loop(policy, SPEC, tasks, how, 0.0, 0, 1, "test", serving=serving)
    steps = [step for episode in episodes for step in episode.steps]
    assert len(steps) == 6
    assert {step.held for step in steps} == {True}
    assert all(step.action in ("", *(step.admissible or ())) for step in steps)


@pytest.mark.vllm
def test_a_prompted_model_of_vllm_is_held(student: Path, student_url: str) -> None:
    listed = ("inventory", 'say "\\ é" now', "click[< prev]")
    replies = answers(served(student_url, str(student)), *(asked(thing, listed) for thing in THINGS))
    assert {reply.held for reply in replies} == {True}
    assert {reply.action for reply in replies} <= {*listed, ""}
    assert any(reply.action for reply in replies)
