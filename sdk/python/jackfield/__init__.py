"""Jackfield for Python: peer-to-peer calls by libjackfield. See README.md beside this package.

Threads:  every method may be called on any thread, several at once; whatever blocks lets other threads run, and Ctrl-C ends it.
Lifetime: a Node is closed by `with`, by close, or with the last reference to it; its calls need not be closed.
"""

from .calls import Call, CallState
from .errors import JackfieldError
from .node import Node
from ._library import version

__all__ = ["Call", "CallState", "JackfieldError", "Node", "version"]
