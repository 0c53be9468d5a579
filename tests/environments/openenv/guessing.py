"""A small OpenEnv server of somebody else: a number is to be guessed, and nothing is named as in this project."""

import time
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI

pytest.importorskip("openenv.core", reason="the package openenv is not installed (docs/openenv.md)")
from openenv.core.env_server import Action, Environment, Observation, State, create_fastapi_app

_NUMBERS = count(1)


class Guess(Action):
    message: str
    kind: str = "say"


class Heard(Observation):
    messages: list[dict[str, str]]


class Guessing(Environment):
    """A guess that is wrong costs 0.25 of the reward of 1.25; the game ends when it is right."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def reset(self, game: int = 0, level: str = "easy", seed: int | None = None, **_: Any) -> Heard:
        self.number = self.draw(game) + (100 if level == "hard" else 0)
        return self.heard(f"Guess a number ({level}).")

    def step(self, action: Guess, **_: Any) -> Heard:
        if not action.message.isdigit():
            return self.heard("I do not understand.")
        if int(action.message) == self.number:
            return self.heard("Right.", reward=1.25, done=True)
        return self.heard("Higher." if int(action.message) < self.number else "Lower.", reward=-0.25)

    @property
    def state(self) -> State:
        return State(game={"number": self.number})

    def draw(self, game: int) -> int:
        return game

    def heard(self, text: str, **more: Any) -> Heard:
        return Heard(messages=[{"content": text}], **more)


class Moody(Guessing):
    """It draws 1 and 9 in turn."""

    def draw(self, game: int) -> int:
        return 1 + 8 * (next(_NUMBERS) % 2)


class Slow(Guessing):
    """It takes half a second for a step."""

    def step(self, action: Guess, **_: Any) -> Heard:
        time.sleep(0.5)
        return super().step(action)


class Chatty(Guessing):
    """The number repeats, and what it says does not."""

    def heard(self, text: str, **more: Any) -> Heard:
        return super().heard(f"{next(_NUMBERS)}: {text}", **more)


MAPPING: dict[str, Any] = {
    "action": {"message": "{action}", "kind": "say"},
    "reset": {"game": "{index}", "level": "{split}"},
    "text": "observation.messages.0.content",
    "refusal": "^I do not understand",
    "privileged": "state.game",
    **dict.fromkeys(("admissible", "accepted", "score", "parts", "id", "goal", "kind")),
}


def app(environment: type[Guessing], sessions: int = 8) -> FastAPI:
    return create_fastapi_app(environment, Guess, Heard, env_name="guessing", max_concurrent_envs=sessions)
