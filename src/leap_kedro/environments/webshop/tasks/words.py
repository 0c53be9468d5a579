"""What a generated shop is made of: kinds of products, what they can be, and how customers speak of it.

No attribute is part of another one, and no two values of an option are alike by the reward's measure, so that a
purchase is right or wrong by what it says. Every word is in the embedded student's vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of product.

    Attributes:
        noun: What it is called.
        department: Department, the task's kind in tables.
        path: Category path.
        looks: Attributes that a title states: of a product two.
        features: Attributes that only the sub pages state: of a product two or three.
        options: Names of its options.
        prices: Lowest and highest price, dollars.
    """

    noun: str
    department: str
    path: str
    looks: tuple[str, ...]
    features: tuple[str, ...]
    options: tuple[str, ...]
    prices: tuple[float, float]


VALUES: Mapping[str, tuple[str, ...]] = {
    "color": ("black", "white", "red", "navy", "ivory", "olive", "teal", "burgundy", "beige", "purple"),
    "size": ("small", "medium", "large", "plus"),
    "flavor": ("vanilla", "berry", "hazelnut", "lemon", "cinnamon", "mint"),
    "scent": ("lavender", "rose", "citrus", "coconut", "unscented"),
    "quantity": ("single", "twin pack", "family box"),
}
"""Name of an option -> its values."""

SPOKEN: Mapping[str, tuple[str, ...]] = {
    "navy": ("dark blue",),
    "ivory": ("off white",),
    "olive": ("dull green",),
    "teal": ("blue green",),
    "burgundy": ("wine red",),
    "beige": ("sandy",),
    "plus": ("extra roomy",),
    "medium": ("regular fit",),
    "twin pack": ("two of them",),
    "family box": ("enough for everyone",),
    "unscented": ("without perfume",),
    "citrus": ("orange peel",),
    "hazelnut": ("nutty",),
}
"""Value of an option -> how a customer may put it instead."""

_WASH = ("machine washable", "quick drying", "wrinkle resistant", "breathable", "stain resistant", "fade proof")
_KITCHEN = ("dishwasher safe", "bpa free", "heat resistant", "non slip", "easy clean", "leak proof")
_FOOD = ("gluten free", "sugarless", "fair trade", "kosher", "high protein", "low sodium")
_BEAUTY = ("cruelty free", "long lasting", "dermatologist tested", "paraben free", "fast absorbing", "hypoallergenic")
_DEVICE = ("fast charging", "noise cancelling", "water resistant", "hands free", "energy saving", "plug and play")
_HOME = ("easy assembly", "eco friendly", "fire retardant", "space saving", "scratch resistant", "height adjustable")

_CLOTHES = "Clothing, Shoes & Jewelry"
_TABLE = "Home & Kitchen › Kitchen & Dining"

KINDS: tuple[Kind, ...] = (
    Kind("mug", "kitchen", f"{_TABLE} › Cups", ("ceramic", "glass", "enamel", "travel"), _KITCHEN, ("color",), (6, 38)),
    Kind(
        "kettle",
        "kitchen",
        f"{_TABLE} › Tea",
        ("steel", "enamel", "copper", "whistling"),
        _KITCHEN,
        ("color",),
        (18, 79),
    ),
    Kind(
        "lunchbox",
        "kitchen",
        f"{_TABLE} › Storage",
        ("steel", "bamboo", "plastic", "insulated"),
        _KITCHEN,
        ("size",),
        (9, 48),
    ),
    Kind(
        "pan",
        "kitchen",
        f"{_TABLE} › Cookware",
        ("steel", "copper", "ceramic", "granite"),
        _KITCHEN,
        ("size",),
        (16, 88),
    ),
    Kind(
        "shirt",
        "fashion",
        f"{_CLOTHES} › Shirts",
        ("cotton", "linen", "striped", "vintage"),
        _WASH,
        ("color", "size"),
        (12, 58),
    ),
    Kind(
        "jacket",
        "fashion",
        f"{_CLOTHES} › Coats",
        ("leather", "denim", "quilted", "vintage"),
        _WASH,
        ("color", "size"),
        (28, 96),
    ),
    Kind(
        "dress",
        "fashion",
        f"{_CLOTHES} › Dresses",
        ("linen", "silk", "floral", "striped"),
        _WASH,
        ("color", "size"),
        (22, 88),
    ),
    Kind(
        "sweater",
        "fashion",
        f"{_CLOTHES} › Knitwear",
        ("wool", "cotton", "hooded", "striped"),
        _WASH,
        ("color", "size"),
        (19, 78),
    ),
    Kind(
        "granola",
        "grocery",
        "Grocery & Gourmet Food › Breakfast",
        ("crunchy", "organic", "toasted", "vegan"),
        _FOOD,
        ("flavor", "quantity"),
        (5, 36),
    ),
    Kind(
        "tea",
        "grocery",
        "Grocery & Gourmet Food › Beverages",
        ("organic", "loose", "iced", "herbal"),
        _FOOD,
        ("flavor", "quantity"),
        (5, 37),
    ),
    Kind(
        "cookies",
        "grocery",
        "Grocery & Gourmet Food › Snacks",
        ("crunchy", "vegan", "stuffed", "homemade"),
        _FOOD,
        ("flavor", "quantity"),
        (4, 33),
    ),
    Kind(
        "lotion",
        "beauty",
        "Beauty & Personal Care › Skin Care",
        ("creamy", "tinted", "soothing", "natural"),
        _BEAUTY,
        ("scent",),
        (7, 47),
    ),
    Kind(
        "shampoo",
        "beauty",
        "Beauty & Personal Care › Hair Care",
        ("solid", "foaming", "soothing", "natural"),
        _BEAUTY,
        ("scent", "quantity"),
        (6, 39),
    ),
    Kind(
        "perfume",
        "beauty",
        "Beauty & Personal Care › Fragrance",
        ("solid", "oily", "spray", "natural"),
        _BEAUTY,
        ("scent",),
        (14, 88),
    ),
    Kind(
        "headphones",
        "electronics",
        "Electronics › Audio",
        ("wireless", "folding", "studio", "wired"),
        _DEVICE,
        ("color",),
        (19, 97),
    ),
    Kind(
        "speaker",
        "electronics",
        "Electronics › Sound",
        ("wireless", "portable", "studio", "retro"),
        _DEVICE,
        ("color",),
        (18, 96),
    ),
    Kind(
        "keyboard",
        "electronics",
        "Electronics › Computers",
        ("wireless", "mechanical", "compact", "folding"),
        _DEVICE,
        ("color",),
        (17, 94),
    ),
    Kind(
        "lamp",
        "garden",
        "Home & Kitchen › Lighting",
        ("wooden", "modern", "retro", "brass"),
        _HOME,
        ("color",),
        (14, 86),
    ),
    Kind(
        "rug",
        "garden",
        "Home & Kitchen › Carpets",
        ("woven", "shaggy", "modern", "floral"),
        _HOME,
        ("color", "size"),
        (21, 97),
    ),
    Kind(
        "shelf",
        "garden",
        "Home & Kitchen › Furniture",
        ("wooden", "floating", "corner", "modern"),
        _HOME,
        ("color", "size"),
        (18, 92),
    ),
)

BRANDS = [
    "Aldon",
    "Bervo",
    "Cantel",
    "Dorvik",
    "Elmara",
    "Fenlo",
    "Gadira",
    "Hovent",
    "Ilmar",
    "Jarvo",
    "Keldon",
    "Lumera",
    "Morvan",
    "Nelvio",
    "Ostra",
    "Pelgo",
    "Quorin",
    "Ravelo",
    "Sindra",
    "Tolven",
    "Umbria",
    "Velmo",
    "Wexara",
    "Yorlan",
    "Zendal",
]

INSTRUCTIONS = (
    "i am looking for a {looks} {noun} that is {features}{options}",
    "find me a {noun}, {looks}, and it should be {features}{options}",
    "i need a {features} {noun}{options}, and i want it {looks}",
    "buy a {looks} and {features} {noun} for me{options}",
)
"""Forms of what a customer says."""

DESCRIPTIONS = (
    "A {noun} for every day. {features}",
    "We made this {noun} with care. {features}",
    "Our best {noun} so far. {features}",
)
PRAISE = "The {looks} {noun} of all: {looks}, and a {noun} indeed."
BULLETS = ("Sold by {brand} with a warranty.", "Ships within a week.", "A good gift.", "Made to last for years.")
STATEMENTS = ("It is {feature}.", "This one is {feature}.", "Tested and found to be {feature}.")
"""How a sub page states a feature."""
