"""Where items live: the port `ports.Items` and its adapters for memory, sqlite and DynamoDB."""
