"""The words of generated file systems; the original's ``.gitignore`` hides none of the names."""

ROOTS = ("/atlas", "/harbor", "/meadow", "/summit", "/canyon", "/lagoon", "/prairie", "/glacier")
"""Top directories of trees; no other name equals one of them."""

FOLDERS = tuple(
    """
    reports drafts notes archive backup budget clients design exports imports invoices letters market metrics
    office orders papers people plans projects recipes records samples scripts shared sketches stock team
    travel weekly
    """.split()
)

FILES = tuple(
    """
    acorn almond amber apple aspen badger basil beetle birch bison cedar cherry clover cobalt
    comet copper coral cricket daisy falcon fern finch garnet ginger hazel heron indigo iris
    ivory jasmine juniper kestrel lantern lark lemon lilac linden lotus magnet maple marble mint
    nettle nutmeg oak olive onyx orchid otter pebble pepper pine plum poppy quartz raven
    robin rowan saffron sage salmon sparrow spruce tulip turnip velvet violet walnut willow
    """.split()
)

EXTENSIONS = (".txt", ".log", ".csv", ".md", ".sh", ".tmp", ".bak")

LINES = tuple(
    """
    red blue green black white brown north south east west spring summer autumn winter
    bread milk honey sugar coffee silver gold iron stone wood glass paper river lake
    island forest valley
    """.split()
)
"""Words in the lines of files."""

NUMBERS = tuple(str(number) for number in range(100))
"""Numbers that are single tokens in the embedded student's vocabulary."""
