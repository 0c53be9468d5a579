"""Contents of generated shops: kinds of products, their attributes, and the customers' words.

No attribute is part of another one, and the reward considers no two values of an option equal, so that purchases are
unambiguous. Every word is in the embedded student's vocabulary.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of product.

    Attributes:
        noun: Its name.
        department: Department, which is the kind of a task.
        path: Category path.
        looks: Attributes in titles; a product has two.
        features: Attributes that only the sub pages state; a product has two or three.
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
"""Value of an option -> other words that a customer may use for it."""

_DEPARTMENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "kitchen": (
        "Home & Kitchen › Kitchen & Dining",
        ("dishwasher safe", "bpa free", "heat resistant", "non slip", "easy clean", "leak proof"),
    ),
    "fashion": (
        "Clothing, Shoes & Jewelry",
        ("machine washable", "quick drying", "wrinkle resistant", "breathable", "stain resistant", "fade proof"),
    ),
    "grocery": (
        "Grocery & Gourmet Food",
        ("gluten free", "sugarless", "fair trade", "kosher", "high protein", "low sodium"),
    ),
    "beauty": (
        "Beauty & Personal Care",
        ("cruelty free", "long lasting", "dermatologist tested", "paraben free", "fast absorbing", "hypoallergenic"),
    ),
    "electronics": (
        "Electronics",
        ("fast charging", "noise cancelling", "water resistant", "hands free", "energy saving", "plug and play"),
    ),
    "garden": (
        "Home & Kitchen",
        ("easy assembly", "eco friendly", "fire retardant", "space saving", "scratch resistant", "height adjustable"),
    ),
}
"""Department -> its category path and the features of its products."""


def _kind(noun: str, department: str, category: str, looks: str, options: str, lowest: float, highest: float) -> Kind:
    path, features = _DEPARTMENTS[department]
    listed = tuple(looks.split())
    return Kind(noun, department, f"{path} › {category}", listed, features, tuple(options.split()), (lowest, highest))


KINDS = (
    _kind("mug", "kitchen", "Cups", "ceramic glass enamel travel", "color", 6, 38),
    _kind("kettle", "kitchen", "Tea", "steel enamel copper whistling", "color", 18, 79),
    _kind("lunchbox", "kitchen", "Storage", "steel bamboo plastic insulated", "size", 9, 48),
    _kind("pan", "kitchen", "Cookware", "steel copper ceramic granite", "size", 16, 88),
    _kind("shirt", "fashion", "Shirts", "cotton linen striped vintage", "color size", 12, 58),
    _kind("jacket", "fashion", "Coats", "leather denim quilted vintage", "color size", 28, 96),
    _kind("dress", "fashion", "Dresses", "linen silk floral striped", "color size", 22, 88),
    _kind("sweater", "fashion", "Knitwear", "wool cotton hooded striped", "color size", 19, 78),
    _kind("granola", "grocery", "Breakfast", "crunchy organic toasted vegan", "flavor quantity", 5, 36),
    _kind("tea", "grocery", "Beverages", "organic loose iced herbal", "flavor quantity", 5, 37),
    _kind("cookies", "grocery", "Snacks", "crunchy vegan stuffed homemade", "flavor quantity", 4, 33),
    _kind("lotion", "beauty", "Skin Care", "creamy tinted soothing natural", "scent", 7, 47),
    _kind("shampoo", "beauty", "Hair Care", "solid foaming soothing natural", "scent quantity", 6, 39),
    _kind("perfume", "beauty", "Fragrance", "solid oily spray natural", "scent", 14, 88),
    _kind("headphones", "electronics", "Audio", "wireless folding studio wired", "color", 19, 97),
    _kind("speaker", "electronics", "Sound", "wireless portable studio retro", "color", 18, 96),
    _kind("keyboard", "electronics", "Computers", "wireless mechanical compact folding", "color", 17, 94),
    _kind("lamp", "garden", "Lighting", "wooden modern retro brass", "color", 14, 86),
    _kind("rug", "garden", "Carpets", "woven shaggy modern floral", "color size", 21, 97),
    _kind("shelf", "garden", "Furniture", "wooden floating corner modern", "color size", 18, 92),
)

BRANDS = """
    Aldon Bervo Cantel Dorvik Elmara Fenlo Gadira Hovent Ilmar Jarvo Keldon Lumera Morvan Nelvio Ostra Pelgo Quorin
    Ravelo Sindra Tolven Umbria Velmo Wexara Yorlan Zendal
""".split()

INSTRUCTIONS = (
    "i am looking for a {looks} {noun} that is {features}{options}",
    "find me a {noun}, {looks}, and it should be {features}{options}",
    "i need a {features} {noun}{options}, and i want it {looks}",
    "buy a {looks} and {features} {noun} for me{options}",
)
"""Forms of instructions."""

DESCRIPTIONS = (
    "A {noun} for every day. {features}",
    "We made this {noun} with care. {features}",
    "Our best {noun} so far. {features}",
)
PRAISE = "The {looks} {noun} of all: {looks}, and a {noun} indeed."
BULLETS = ("Sold by {brand} with a warranty.", "Ships within a week.", "A good gift.", "Made to last for years.")
STATEMENTS = ("It is {feature}.", "This one is {feature}.", "Tested and found to be {feature}.")
"""Sentences by which a sub page states a feature."""
