"""A policy whose model runs in this process, loaded from a transformers folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from leap_kedro.policies.folder import check_parts, load_policy
from leap_kedro.policies.protocol import Reply
from leap_kedro.prompts.conversation import Conversation

if TYPE_CHECKING:
    from leap_kedro.policies.decoding import Generator
    from leap_kedro.prompts.renderer import Renderer


@dataclass(frozen=True, slots=True)
class LocalPolicySpec:
    """All that another process needs to load a local policy.

    Attributes:
        folder: Folder with config, safetensors and tokenizer.
        id: Name of the policy in episodes.
        temperature: 0 is greedy.
        max_new_tokens: Maximum number of tokens of a reply after its thoughts.
        max_thought_tokens: Maximum number of tokens of thoughts before it; 0: the model does not think.
        hold_to_admissible: Whether only listed actions are allowed.
        slots: Conversations kept in the cache, as many as are played at once.
        threads: Threads of torch in the process that loads it.
        dtype: Number format of weights and cache; ``auto`` keeps the folder's if the device computes in it.
        device: ``auto`` takes a GPU where there is one.
        logprobs: Whether replies carry log-probabilities.
        environment: Registered name of the environment whose instructions a chat model gets; "" for none.
        examples: Finished episodes for the prompt of a chat model, as `examples_text` writes them.
    """

    folder: Path
    id: str
    temperature: float = 0.0
    max_new_tokens: int = 32
    hold_to_admissible: bool = False
    slots: int = 32
    threads: int = 1
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    logprobs: bool = False
    environment: str = ""
    examples: str = ""
    max_thought_tokens: int = 0

    def load(self) -> "LocalPolicy":
        """The policy, its model in memory.

        Raises:
            PolicyFolderError: If the folder or a part of it is missing or broken.
            UnusableChatTemplate: If the tokenizer has neither the embedded marks nor a usable chat template.
            TakesNoExamples: If there are examples for the embedded student.
            HasNoThoughts: If the embedded student is to think.
        """
        check_parts(self.folder)
        import torch

        from leap_kedro.policies.decoding import Decoding
        from leap_kedro.policies.engine import SlotEngine
        from leap_kedro.policies.generate import PlainGenerator
        from leap_kedro.policies.weights import is_supported
        from leap_kedro.prompts.select import renderer_for

        torch.set_num_threads(self.threads)
        model, tokenizer = load_policy(self.folder, self.dtype, self.device)
        thoughts, longest = self.max_thought_tokens, self.max_new_tokens + self.max_thought_tokens
        renderer = renderer_for(tokenizer, self.environment, self.examples, thinking=thoughts > 0)
        decoding = Decoding(longest, self.temperature, self.hold_to_admissible, self.logprobs, thoughts)
        kind = SlotEngine if is_supported(model.config) else PlainGenerator
        return LocalPolicy(self.id, renderer, kind(model, renderer, decoding, self.slots), longest)


class LocalPolicy:
    """Answers with a transformers model in memory, by the slot engine or by plain `generate`."""

    def __init__(self, name: str, renderer: "Renderer", generator: "Generator", max_new_tokens: int) -> None:
        """Render and parse with `renderer`, decode with `generator`."""
        self.id = name
        self._renderer = renderer
        self._generator = generator
        self._max_new_tokens = max_new_tokens

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """See `Policy`; a conversation that does not fit gets a reply with an error."""
        fitting = [self.fits(conversation) for conversation in conversations]
        asked = [conversation for conversation, fits in zip(conversations, fitting, strict=True) if fits]
        generated = iter(self._generator.generate(asked))
        replies = []
        for conversation, fits in zip(conversations, fitting, strict=True):
            if not fits:
                error = f"the conversation and a reply exceed the context of {self._generator.context} tokens"
                replies.append(Reply.failed(error))
                continue
            answer = next(generated)
            renderer = self._renderer.for_episode(conversation.opening)
            parsed = renderer.parse(answer.ids, conversation.admissible, conversation.seen)
            replies.append(Reply.of(parsed, answer.prompt_tokens, len(answer.ids), answer.logprob))
        return replies

    def fits(self, conversation: Conversation) -> bool:
        """Whether the conversation and a reply fit into the model's context."""
        needed = self._generator.prompt_tokens(conversation) + self._max_new_tokens
        return needed <= self._generator.context
