"""The description of WebShop's actions in the prompts of chat models."""

INSTRUCTIONS = """\
The environment is a web shop. Buy what the instruction asks for: its attributes, its options, its price.
Actions:
search[words]
click[label]
A label is what stands in a [button]: a product's id, an option's value, Description, Features, Reviews, < Prev, Next >,
Back to Search, Buy Now. Titles do not tell everything: Description and Features say more. Choose the options that are
asked for before you click Buy Now, which ends the task; only one purchase counts. Buying something that nearly fits is
better than buying nothing. What cannot be done changes nothing."""
