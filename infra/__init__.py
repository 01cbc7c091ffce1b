"""The stack on AWS: its definition, and what makes the package of it."""
