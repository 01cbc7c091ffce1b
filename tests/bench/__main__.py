import sys
from tests.bench.costs import print_costs
from tests.bench.dynoxide import compare
from tests.bench.report import Report

if "--dynoxide" in sys.argv:
    sys.exit(not compare(Report()))
print_costs(Report())
