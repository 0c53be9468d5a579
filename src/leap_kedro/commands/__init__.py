"""The commands of this project: `kedro run`, and the loops over ordinary Kedro runs behind `kedro leap`."""
