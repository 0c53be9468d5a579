"""An experiment on disk: its folders, the parameters it was begun with, its lock, its iterations."""
