"""The REST surfaces: operation rows become Chalice routes, each surface answers in its own way."""
