"""Jackfield for Python: peer-to-peer calls, texts and files by libjackfield. See README.md beside this package.

Threads:  every method may be called on any thread, several at once; whatever blocks lets other threads run, and Ctrl-C ends it.
Lifetime: a Node is closed by `with`, by close, or with the last reference to it; its calls and files need not be closed.
"""

from .calls import Call, CallState
from .contacts import Contact, ContactRequest
from .errors import JackfieldError
from .files import File, FileState, TakeFiles
from .node import Node
from .texts import Text
from ._library import version

__all__ = ["Call", "CallState", "Contact", "ContactRequest", "File", "FileState", "JackfieldError", "Node", "TakeFiles", "Text",
           "version"]
