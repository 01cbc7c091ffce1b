"""The local front door: serves the Chalice application over HTTP without API Gateway and Lambda."""
