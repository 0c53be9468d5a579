"""A toy world for policies: a small random Llama, its tokenizer, an environment, and policies for worker processes."""

import os
import random
import time
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from leap_kedro.environments import registry
from leap_kedro.environments.protocol import EnvironmentFailure, Observation, StepResult
from leap_kedro.language_models import in_order
from leap_kedro.policies.protocol import Policy, Reply, ServedPolicy
from leap_kedro.policies.scripted import ScriptedPolicy
from leap_kedro.prompts.conversation import Conversation
from leap_kedro.prompts.embedded import SPECIAL_TOKENS
from leap_kedro.records import Task, Turn

ROOMS = tuple(f"room {number}" for number in range(1, 9))
WORDS = (
    "go",
    "to",
    "open",
    "box",
    "you",
    "are",
    "in",
    "I",
    "need",
    "the",
    ".",
    "Nothing",
    "happens",
    "find",
    "it",
    "is",
)
NAME = "toy_rooms"


def toy_tokenizer() -> Any:
    """A word-level tokenizer; a room with its number is one token."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens = [*SPECIAL_TOKENS, *WORDS, *ROOMS]
    tokenizer = Tokenizer(models.WordLevel({token: index for index, token in enumerate(tokens)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"room \d+|\w+|\."), behavior="removed", invert=True)
    special = [token for token in SPECIAL_TOKENS if token not in ("<pad>", "<unk>", "<bos>", "<end>")]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<end>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=special,
    )


@cache
def toy_model(**sizes: Any) -> Any:
    """A random Llama whose logits are far enough apart to make greedy decoding stable."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokens = len(SPECIAL_TOKENS) + len(WORDS) + len(ROOMS)
    shape = {
        "vocab_size": tokens,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 256,
        "initializer_range": 0.4,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
    }
    return LlamaForCausalLM(LlamaConfig(**{**shape, **sizes})).eval()


def toy_conversation(seed: int, turns: int, key: str | None = None) -> Conversation:
    """A conversation with random rooms in it; a longer one of the same seed continues a shorter one."""
    draw = random.Random(seed)
    opening = f"you are in {draw.choice(ROOMS)}. find the {draw.choice(ROOMS)}."
    past = tuple(
        Turn(f"go to {draw.choice(ROOMS)}", " ".join(f"it is {draw.choice(ROOMS)}." for _ in range(draw.randint(1, 4))))
        for _ in range(turns)
    )
    listed = tuple(f"go to {room}" for room in ROOMS[: 2 + seed % 4])
    return Conversation(key or f"episode {seed}", opening, past, listed, seed=seed)


class ToyRooms:
    """Go through the rooms 1 to `goal` in order; the payload can make it break."""

    def reset(self, task: Task) -> Observation:
        if task.payload.get("broken"):
            raise EnvironmentFailure("the house has burnt down")
        self._task, self._at = task, 0
        return self._observation()

    def step(self, action: str) -> StepResult:
        time.sleep(float(self._task.payload.get("pause", 0)))
        if self._task.payload.get("crash_at") == self._at:
            raise RuntimeError("the floor gave way")
        if action not in self._observation().admissible:
            return StepResult(Observation("Nothing happens.", self._observation().admissible), 0.0, False, False)
        if action == f"go to {ROOMS[self._at]}":
            self._at += 1
        score = self._at / int(self._task.payload["goal"])
        return StepResult(self._observation(), score, score == 1.0, True)

    def _observation(self) -> Observation:
        where = ROOMS[self._at - 1] if self._at else "the box"
        return Observation(f"you are in {where}.", tuple(f"go to {room}" for room in ROOMS))


class ToyBenchmark:
    """The toy rooms as a benchmark."""

    name = NAME
    score_parts = ()

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        return [toy_task(number) for number in range(count or 10)]

    def environment(self) -> ToyRooms:
        return ToyRooms()

    def privileged(self, task: Task) -> str:
        return f"the end is room {task.payload['goal']}"


registry._ENTRY_POINTS[NAME] = EntryPoint(NAME, f"{__name__}:ToyBenchmark", registry.GROUP)  # type: ignore[index]


def toy_task(number: int, goal: int = 3, **payload: Any) -> Task:
    return Task(f"task {number}", NAME, "train", "find it", "toy", {"goal": goal, **payload})


def walk(conversation: Conversation) -> str:
    """The right way through the toy rooms."""
    here = len([turn for turn in conversation.turns if turn.observation != "Nothing happens."])
    return f"REASON: I need the next one.\nACTION: go to {ROOMS[here]}"


def answers(policy: ServedPolicy, *conversations: Conversation) -> list[Reply]:
    """A served policy's replies to conversations that it is asked at once."""
    return in_order(policy.answer, conversations, len(conversations))


@dataclass(frozen=True)
class WalkerSpec:
    """Loads the right way; a task can be made to kill the process, another one to take forever."""

    deadly: str = ""
    endless: str = ""
    message: str = ""
    id: str = "walker"

    def load(self) -> Policy:
        return ScriptedPolicy(self._answer)

    def _answer(self, conversation: Conversation) -> str:
        if self.deadly and self.deadly in conversation.key:
            os.write(2, self.message.encode())
            os._exit(7)
        if self.endless and self.endless in conversation.key:
            time.sleep(1000)
        return walk(conversation)


@dataclass(frozen=True)
class RaisingSpec:
    """Loads nothing."""

    error: type[BaseException]
    id: str = "raising"

    def load(self) -> Policy:
        raise self.error(0)


def save_toy_policy(folder: Path) -> None:
    toy_model().save_pretrained(folder)
    toy_tokenizer().save_pretrained(folder)
