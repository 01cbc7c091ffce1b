"""What users of the engine import: a client of its HTTP API. Knows the contract, nothing of the engine."""

from .client import ApiProblem, Client

__all__ = ["ApiProblem", "Client"]
