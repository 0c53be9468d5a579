"""What the embedded student needs: its vocabulary, walks with questions, and its base model (`base`)."""
