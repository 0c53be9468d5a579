"""Methods over seeds: what is shown of each, and over how many seeds."""

from recorded import make_summary

from leap_kedro.evaluation.methods import COSTS, MethodSummary, last_policies, method_rows, summarize_methods
from leap_kedro.evaluation.seeds import SeedResult, seeds_in_words


def result(seed: int, iteration: int, solved: int) -> SeedResult:
    return SeedResult(seed, (make_summary(iteration, solved),), dict.fromkeys(COSTS, 10.0 * iteration + seed))


SUMMARIES = summarize_methods(
    {
        ("leap", 0): [result(0, 0, 5), result(1, 0, 5)],
        ("leap", 1): [result(0, 1, 8), result(1, 1, 6)],
        ("grpo", 0): [result(0, 0, 5), result(1, 0, 5)],
        ("grpo", 1): [result(0, 1, 6), result(1, 1, 6)],
        ("grpo", 2): [result(0, 2, 7)],
        ("distill", 0): [result(0, 0, 4)],
    }
)


def test_rows_have_means_over_seeds_and_the_costs_so_far() -> None:
    row = method_rows(SUMMARIES)[1]
    assert (row["method"], row["iteration"], row["seeds"], row["by_seed"]) == ("leap", 1, 2, "80.0, 60.0")
    assert row["success"] == 0.7
    assert {row[cost] for cost in COSTS} == {10.5}
    assert [MethodSummary.from_json(each.to_json()) for each in SUMMARIES] == SUMMARIES


def test_the_last_policy_of_each_method_is_shown_and_pi_0_again_only_if_it_is_another() -> None:
    shown = [(each.method, each.iteration) for each in last_policies(SUMMARIES)]
    assert shown == [("leap", 0), ("leap", 1), ("grpo", 2), ("distill", 0)]


def test_means_over_different_numbers_of_seeds_are_told_as_such() -> None:
    splits = [split for each in SUMMARIES for split in each.splits]
    assert seeds_in_words(splits) == "1 to 2 seeds"
    assert seeds_in_words(splits[:2]) == "2 seeds"
    assert seeds_in_words(splits[-1:]) == "1 seed"
