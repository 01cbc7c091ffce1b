"""List prices, and what a request needs besides the table. The only prices in the house.

Source: AWS price lists of us-east-1: DynamoDB on demand, Lambda on x86, API Gateway REST, SQS standard
queues.
"""

REGION = "us-east-1"

WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
API_REQUEST = 3.50e-6
LAMBDA_REQUEST = 0.20e-6
LAMBDA_GB_SECOND = 0.0000166667
SQS_REQUEST = 0.40e-6

LAMBDA_GB = 0.5
LAMBDA_SECONDS = 0.020
"""Assumed, not measured: 512 MB have 0.29 of a processor, so that 2.5 ms of CPU (two calls of botocore at 0.8
ms, Chalice, the engine) take 9 ms, and two answers of DynamoDB at 5 ms are waited for."""

HINTS_AT_ONCE = 10
"""Assumed: a busy queue hands out hints in tens, to one call of Lambda; with little to do, one by one."""

MILLION = 1_000_000


def table(write_units: float, read_units: float) -> float:
    """Dollars for DynamoDB."""
    return write_units * WRITE_UNIT + read_units * READ_UNIT


def function(calls: float, seconds: float) -> float:
    """Dollars for Lambda.

    Args:
        calls: How often a function is called.
        seconds: How long all calls take together.
    """
    return calls * LAMBDA_REQUEST + seconds * LAMBDA_GB * LAMBDA_GB_SECOND


def front(requests: float) -> float:
    """Dollars for API Gateway and Lambda."""
    return requests * API_REQUEST + function(requests, requests * LAMBDA_SECONDS)


def queue(sendings: float, hints: float, at_once: int = HINTS_AT_ONCE) -> float:
    """Dollars for SQS.

    Args:
        sendings: Requests that send hints.
        hints: How many are received and deleted again.
        at_once: How many of them by one request.
    """
    return (sendings + 2 * hints / at_once) * SQS_REQUEST


def handling(hints: float, at_once: int = HINTS_AT_ONCE) -> float:
    """Dollars for the Lambda calls that do what hints are about, without the time of the handlers."""
    return function(hints / at_once, hints * LAMBDA_SECONDS)
