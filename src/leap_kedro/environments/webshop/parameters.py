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
    """What plays the shop."""

    NATIVE = "native"
    """This project's own."""
    WEB_AGENT_SITE = "web_agent_site"
    """The user's installation of the original, for comparison: a hundred times slower."""


class WebShopOptions(SourceOptions):
    """Options of the benchmark.

    Attributes:
        size: Which of the official files are read.
        products: Official: the first so many products of the file, None for all. Generated: products of each shop, None
            for 1,000.
        goals: Official: which goals; generated ones are of the human kind.
        draw_seed: Seed of prices that are given as a range, and of price limits.
        on_malformed: What is done with an official product that cannot be read.
        search: What ranks the products.
        nouns: How the reward finds nouns; `AUTO` is settled when the shop is opened, and recorded with each task.
        candidate_limit: Most actions that are listed: buttons, and a draw of the others that depends on task and step;
            None: all.
        backend: What plays the shop.
        cache_folder: Where search indexes are kept; by default ``leap_kedro`` in the user's cache folder.
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
