"""What kedro-viz shows of an iteration that has not run yet."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from leap_kedro.datasets.figure import FigureDataset
from leap_kedro.datasets.previews import last_made
from leap_kedro.datasets.table import TableDataset


def test_the_last_iteration_is_shown_until_the_next_has_its_own(tmp_path: Path) -> None:
    table, figure = (str(tmp_path / "iter_{k}" / name) for name in ("table.csv", "figure.json"))
    TableDataset(filepath=table.format(k=1)).save(pd.DataFrame({"k": [1, 1]}))
    FigureDataset(filepath=figure.format(k=1)).save(go.Figure(go.Bar(y=[1])))
    assert TableDataset(filepath=table.format(k=3)).preview(nrows=1)["data"] == [[1]]
    assert FigureDataset(filepath=figure.format(k=3)).preview()["data"][0]["y"] == [1]
    TableDataset(filepath=table.format(k=3)).save(pd.DataFrame({"k": [3]}))
    assert TableDataset(filepath=table.format(k=3)).preview()["data"] == [[3]]


def test_a_file_of_no_iteration_stays_as_it_is(tmp_path: Path) -> None:
    assert last_made(tmp_path / "seed_1" / "table.csv") == tmp_path / "seed_1" / "table.csv"
