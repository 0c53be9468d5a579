"""WebShop as a benchmark: its tasks, its environment, its oracle and its experts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from random import Random

from leap_kedro.environments.protocol import Environment, Expert, Oracle, Phrasing, TaskDataError
from leap_kedro.environments.questions import Transcript
from leap_kedro.environments.sources import Source
from leap_kedro.environments.suite import Suite
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.environments.webshop.engine.nouns import NounTagger
from leap_kedro.environments.webshop.engine.reward import PARTS
from leap_kedro.environments.webshop.instructions import INSTRUCTIONS
from leap_kedro.environments.webshop.parameters import Backend, WebShopOptions
from leap_kedro.environments.webshop.tasks.catalogue import ATTRIBUTES, HUMAN, data_root
from leap_kedro.environments.webshop.tasks.goals import SPLITS
from leap_kedro.environments.webshop.tasks.store import GENERATED_PRODUCTS, Store, generated_store, official_store
from leap_kedro.records import Task

_FIRST_SHOPS = ((1, 12), (6, 60), (16, 300))
"""(longest walk, number of products) pairs: the size of the shop for the base model's transcripts."""

_SCORING = {NounTagger.SPACY: "nouns by spaCy", NounTagger.WORDS: "nouns by words"}


class WebShop(Suite[WebShopOptions]):
    """The benchmark, in generated shops or in the official one."""

    name = "webshop"
    title = "WebShop"
    instructions = INSTRUCTIONS
    options_model = WebShopOptions
    generated_splits = (*SPLITS, "base")
    """Each split is a separate shop; ``base`` is only for the base model."""
    official_splits = SPLITS
    score_parts: tuple[str, ...] = PARTS

    def tasks(self, split: str, count: int | None, seed: int) -> list[Task]:
        """Tasks of a split, one per goal.

        `seed` is the seed of a generated shop. Official goals keep their order, which is already shuffled; `seed`
        selects the training goals.

        Raises:
            TaskDataError: If there is no such split, or the official files are missing, malformed or have no goals for
                it.
        """
        self.check_split(split)
        if self.options.source is Source.GENERATED:
            size = self.options.products or GENERATED_PRODUCTS
            store = generated_store(self.options.model_copy(update={"products": size}), split, seed)
            about: dict[str, str | int] = {"source": "generated", "shop": split, "seed": seed, "products": size}
            return self._tasks(store, split, range(len(store.goals))[:count], about, f"{split}/{seed}")
        store = official_store(self.options)
        places = list(store.goals.split(split))
        if not places:
            raise TaskDataError(
                f"{data_root(self.options.data_root)}: no goals for the split '{split}', of {len(store.goals)} "
                f"{store.goals.kind} goals. They come from {HUMAN}.json and {ATTRIBUTES}.json: get the official "
                "files (docs/webshop.md), choose other goals (--params=environments.webshop.goals=human, or "
                "synthetic), or play generated shops (--params=environments.webshop.source=generated)."
            )
        if split == "train" and count is not None:
            places = Random(seed).sample(places, len(places))
        about = {"source": "official", "goals": store.goals.kind.value}
        return self._tasks(store, split, places[:count], about, f"{split}/{store.goals.kind}")

    def environment(self) -> Environment:
        """A new environment on the backend of the options.

        Raises:
            MissingOriginal: If the backend is the original's and it is not installed.
        """
        if self.options.backend is Backend.WEB_AGENT_SITE:
            from leap_kedro.environments.webshop.tools.reference import ReferenceEnvironment

            return ReferenceEnvironment(self.options)
        from leap_kedro.environments.webshop.environment import WebShopEnvironment

        return WebShopEnvironment(self.options)

    def oracle(self) -> Oracle:
        """The oracle. Raises `EnvironmentFailure` if the backend is not the native one."""
        from leap_kedro.environments.webshop.teaching.oracle import WebShopOracle

        self.check_native(self.options.backend)
        return WebShopOracle()

    def experts(self) -> Mapping[str, Callable[[], Expert]]:
        """Experts by name; they differ in their habits."""
        from leap_kedro.environments.webshop.teaching.experts import EXPERTS, Shopper
        from leap_kedro.environments.webshop.teaching.matching import Matcher

        known_words = self.options.source is Source.GENERATED
        shoppers = {name: partial(Shopper, habits, known_words) for name, habits in EXPERTS.items()}
        return shoppers if known_words else {**shoppers, "steady": Matcher}

    def phrasing(self) -> Phrasing:
        """The phrasing of the clauses in `reasons.py`."""
        from leap_kedro.environments.clauses import FixedHints
        from leap_kedro.environments.webshop.teaching.reasons import VARIANTS, Hint

        return FixedHints(VARIANTS, ".+", Hint.PRINCIPLE, Hint.PERHAPS)

    def vocabulary(self) -> Vocabulary:
        """The vocabulary of generated shops."""
        from leap_kedro.environments.webshop.student.vocabulary import vocabulary

        return vocabulary()

    def transcripts(self, split: str, count: int, longest: int, questions: int, seed: int) -> Iterator[Transcript]:
        """Random walks through generated shops, also if the tasks are official, with questions about them.

        The short walks at the beginning of the base model's training (split ``base``) go through small shops, where
        searches have few results: short lists prepare the model for lists of ten products.
        """
        from leap_kedro.environments.webshop.student.walks import random_transcripts

        changed: dict[str, object] = {"source": Source.GENERATED, "backend": Backend.NATIVE}
        if split == "base":
            sizes = (products for most, products in _FIRST_SHOPS if longest <= most)
            changed["products"] = next(sizes, GENERATED_PRODUCTS)
        generated = WebShop(self.options.model_copy(update=changed))
        return random_transcripts(generated, split, count, longest, questions, seed)

    def _tasks(
        self, store: Store, split: str, places: Sequence[int], about: Mapping[str, str | int], prefix: str
    ) -> list[Task]:
        return [
            Task(
                id=f"{prefix}/{place}",
                environment=self.name,
                split=split,
                goal=goal.instruction,
                kind=goal.category,
                payload={**about, "goal": place, "scoring": _SCORING[store.nouns]},
            )
            for place in places
            for goal in (store.goals[place],)
        ]
