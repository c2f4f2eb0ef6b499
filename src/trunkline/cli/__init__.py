"""The command line: one module and one library call for each command.

Promises that every error of the library is one line and an exit code, that no token is ever shown,
and that whatever a stranger wrote is safe to print on a terminal.
"""
