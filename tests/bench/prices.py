"""List prices, and what a request needs besides the table.

Source: AWS price lists of us-east-1: DynamoDB on demand, Lambda on x86, API Gateway REST.
"""

from tests.bench.meter import Bill

WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
API_REQUEST = 3.50e-6
LAMBDA_REQUEST = 0.20e-6
LAMBDA_GB_SECOND = 0.0000166667

LAMBDA_GB = 0.5
LAMBDA_SECONDS = 0.020
"""Assumed, not measured: 512 MB have 0.29 of a processor, so that 2.5 ms of CPU (two calls of boto3 at 0.8
ms, Chalice, the engine) take 9 ms, and two answers of DynamoDB at 5 ms are waited for."""

MILLION = 1_000_000


def table(bill: Bill) -> float:
    """Dollars for DynamoDB."""
    return bill.write_units * WRITE_UNIT + bill.read_units * READ_UNIT


def front(requests: int) -> float:
    """Dollars for API Gateway and Lambda."""
    return requests * (API_REQUEST + LAMBDA_REQUEST + LAMBDA_GB * LAMBDA_SECONDS * LAMBDA_GB_SECOND)
