"""Colours for the reward: an option counts as the first colour that its text contains.

The list and its order are the original's (WebShop, engine/normalize.py, MIT): the first match decides.
"""

_LIST = """
    alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel
    camo caramel champagne charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry
    cream crystal dark denim eggplant elephant espresso fuchsia gold granite grape graphite grass gray green
    grey heather indigo ivory ivy khaki lavender lemon leopard light lilac lime magenta maroon mauve merlot
    midnight mint mocha multicolor mushroom mustard natural navy nude olive orange peach pewter pink plum purple
    rainbow red rose royal rust sand sapphire seashell silver skull slate steel stone stonewash sunflower tan
    taupe teal tiger turquoise violet walnut wheat white wine yellow
"""

COLOURS = tuple(_LIST.split())
"""Colours in the order of the search."""


def plain_colour(text: str) -> str:
    """The first of `COLOURS` that a text contains; the text itself if it contains none."""
    return next((colour for colour in COLOURS if colour in text), text)
