"""The commands of this project: `kedro run`, and `kedro leap`, small loops over ordinary Kedro runs."""
