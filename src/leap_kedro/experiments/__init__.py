"""An experiment on disk: its folders, parameters, lock and iterations."""
