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
"""Assumed, not measured: 512 MB have 0.29 of a processor, so that 2.5 ms of CPU (two calls of boto3 at 0.8
ms, Chalice, the engine) take 9 ms, and two answers of DynamoDB at 5 ms are waited for."""

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


def queue(requests: float) -> float:
    """Dollars for SQS; sending, receiving and deleting are requests, each of up to ten messages."""
    return requests * SQS_REQUEST
