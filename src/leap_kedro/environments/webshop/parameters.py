"""Options of the WebShop benchmark."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from leap_kedro.environments.sources import OnMalformed, SourceOptions
from leap_kedro.environments.webshop.engine.nouns import NounTagger
from leap_kedro.environments.webshop.engine.search_index import Engine
from leap_kedro.environments.webshop.tasks.catalogue import VARIABLE, Size
from leap_kedro.environments.webshop.tasks.goals import GoalKind
from leap_kedro.records.parameters import Free


class Backend(StrEnum):
    """The implementation of the shop."""

    NATIVE = "native"
    """This project's implementation."""
    WEB_AGENT_SITE = "web_agent_site"
    """The user's installation of the original, for comparison; a hundred times slower."""


class WebShopOptions(SourceOptions):
    """Options of the benchmark.

    Attributes:
        size: Size of the official files.
        products: Number of products: of an official file the first ones, None for all; of a generated shop None for
            1,000.
        goals: Kind of the official goals; generated ones are of the human kind.
        draw_seed: Seed of prices that are given as a range, and of price limits.
        on_malformed: How malformed official products are handled.
        search: Search engine.
        nouns: How the reward finds nouns; `AUTO` is resolved when the shop is opened, and recorded with each task.
        candidate_limit: Maximum number of listed actions: all buttons and a random selection of the others that depends
            on task and step; None for all.
        backend: Implementation of the shop.
        cache_folder: Folder of the search indexes; by default ``leap_kedro`` in the user's cache folder.
    """

    DATA_VARIABLE = VARIABLE

    size: Size = Size.AUTO
    products: int | None = Field(default=None, ge=10)
    goals: GoalKind = GoalKind.AUTO
    draw_seed: int = Field(default=0, ge=0)
    on_malformed: OnMalformed = OnMalformed.REFUSE
    search: Engine = Engine.LUCENE
    nouns: NounTagger = NounTagger.AUTO
    candidate_limit: int | None = Field(default=None, ge=10)
    backend: Backend = Backend.NATIVE
    cache_folder: Free[Path | None] = None
