"""The closed vocabulary of generated shops.

Products are "item 1" to "item 10" by their position on the page. Prices and limits are read in tens of dollars, because
limits are multiples of ten. Repeated parts of pages (the instruction and the buttons) are left out.
"""

from leap_kedro.environments.clauses import fixed_parts
from leap_kedro.environments.vocabulary import Vocabulary
from leap_kedro.environments.webshop.engine import pages
from leap_kedro.environments.webshop.student.questions import QUESTION_PHRASES
from leap_kedro.environments.webshop.tasks.words import KINDS, SPOKEN, VALUES
from leap_kedro.environments.webshop.teaching.reasons import CLAUSES

_ENTITIES = {"item": pages.ITEMS_A_PAGE, "price": 10, "limit": 10, "page": 5}
_ACTIONS = (
    "search[",
    "click[",
    "]",
    pages.BACK_TO_SEARCH,
    pages.NEXT_PAGE,
    pages.PREVIOUS,
    pages.BUY,
    *pages.SUB_PAGES,
    "seen",
    ".",
    "?",
)
_REWRITES = (
    (r"thank you for shopping with us!(?:.|\n)*", ""),
    (r"(?:you have clicked [^\n]*\n)*instruction:\n[^\n]*\n\[button\] back to search \[button_\]\n", ""),
    (r"rating: n\.a\.\n(?:\[button\] [^\n]*\n)*", ""),
    (r"\[button\] (?:< prev|next >|search) \[button_\]\n", ""),
    (r" \(total results: \d+\)", ""),
    # Of a visited product only the name is kept: its texts were read, or were not decisive.
    *(
        (rf"\[clicked button\] item {number} \[clicked button_\]\n[^\n]*\n[^\n]*\n", f"seen item {number}\n")
        for number in range(1, pages.ITEMS_A_PAGE + 1)
    ),
    (r"\[clicked button\]", "seen"),
    (r"\[(?:clicked )?button_?\]", ""),
    (r"price: (?=\$)", ""),
    *((rf"\${tens}\d\.\d+", f"price {tens}") for tens in range(1, 10)),
    (r"\$\d\.\d+", "price 10"),  # below ten dollars
    *((rf"price lower than {tens}0\.00 dollars", f"limit {tens}") for tens in range(1, 10)),
    (r"price lower than \d+\.00 dollars", "limit 10"),
)
_NUMBERED = ((r"^\[(?:clicked )?button\] ([A-Z0-9]{10}) \[(?:clicked )?button_\]$", "item"),)

_REARRANGED = ((r"^\[button\] (item \d+) \[button_\]\n([^\n]*)\n([^\n]*)$", r"\2\n\3\n\1"),)
"""A product's number comes after its title and price, because a causal model finds it by the preceding text."""


def vocabulary() -> Vocabulary:
    """The vocabulary of the pages of generated shops, actions, reasons and questions."""
    clauses = fixed_parts(CLAUSES, ".:")
    words = [each for kind in KINDS for each in (kind.noun, *kind.looks, *kind.features)]
    words += [*VALUES, *(value for values in VALUES.values() for value in values)]
    words += [said for others in SPOKEN.values() for said in others]
    phrases = dict.fromkeys([*_ACTIONS, *words, *(part.lower() for part in (*clauses, *QUESTION_PHRASES))])
    return Vocabulary(_ENTITIES, tuple(phrases), _REWRITES, _NUMBERED, _REARRANGED, lowercase=True)
