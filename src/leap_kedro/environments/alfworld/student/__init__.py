"""Resources of the embedded student: its vocabulary, walks with questions and its base model (`base`)."""
