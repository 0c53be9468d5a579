"""Who corrects the student: teachers, the checks on what they say, and the demonstrations that the loop starts from."""
