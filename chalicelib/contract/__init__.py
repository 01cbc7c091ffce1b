"""The outside promise: operations as rows, commands and results as data. No behavior.

Outside everything is camelCase; `Command` and `Result` are the only places that know.
"""
