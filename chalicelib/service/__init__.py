"""Load, think, commit: what each operation does, without AWS and without the web.

`handlers.HANDLERS` is the table from command to handler; `execute.execute` runs one, again when it was
overtaken.
"""
