"""Per class: the yes/no questions and the description, written once and cached."""
