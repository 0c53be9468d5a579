"""The table of experts: the figures that the docs quote."""

from pathlib import Path

import pytest

from leap_kedro.environments.alfworld.tools.players import main


def rows(printed: str) -> dict[str, list[float]]:
    lines = [line.split() for line in printed.splitlines()[2:]]
    return {name: [float(cell.rstrip("%")) for cell in cells] for name, *cells in lines}


def test_generated_games(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--split", "valid_unseen", "--count", "40", "--caps", "20", "30"]) == 0
    table = rows(capsys.readouterr().out)
    assert table["planner"][:2] == [100.0, 100.0]
    assert table["surfaces"][1] >= 90
    assert table["random"][1] <= 5
    assert table["planner"][-1] < table["priors"][-1] < table["surfaces"][-1] < table["plain"][-1]


@pytest.mark.official
def test_official_games_at_least_as_good_as_the_prototype(
    official_games: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--games", str(official_games), "--caps", "20", "30"]) == 0
    table = rows(capsys.readouterr().out)
    assert table["plain"][:2] == [48.6, 68.6]
    assert table["surfaces"][:2] == [98.6, 100.0]
    assert table["priors"][:2] == [100.0, 100.0]
    assert table["planner"] == [100.0, 100.0, 5.8]


def test_a_folder_without_games_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--games", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--count", "0"], ["--count", "-3"], ["--caps", "20", "0"]])
def test_numbers_that_measure_nothing_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(options)
    assert f"{options[0]}: at least 1" in capsys.readouterr().err
