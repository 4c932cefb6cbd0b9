"""One call."""

import ctypes
import enum
import time
from typing import TYPE_CHECKING, Optional

from ._library import c_text, invoke
from .errors import JackfieldTimeout

if TYPE_CHECKING:
    from .node import Node

_SLICE = 0.2  # s: Python looks for Ctrl-C between two waits of this length


class CallState(enum.IntEnum):
    """How far a call is; it only grows."""

    CALLING = 0
    RINGING = 1
    ANSWERED = 2
    ENDED = 3


class Call:
    """A call of a Node. With `with`, it is hung up at the end. Every method raises JackfieldError."""

    def __init__(self, node: "Node", call_id: str, incoming: "Optional[dict]" = None) -> None:
        self._node = node
        self.id = call_id
        incoming = incoming or {}
        self.peer: str = incoming.get("peer", "")  # the account, of a call that came in
        self.contact: str = incoming.get("contact", "")  # what we call it; may be empty
        self.display_name: str = incoming.get("display_name", "")  # as the caller says; proves nothing

    def answer(self) -> None:
        self._do("answer")

    def decline(self) -> None:
        self._do("decline")

    def hang_up(self) -> None:
        """A call that has ended already is none the worse for it."""
        if self.state != CallState.ENDED:
            try:
                self._do("hang_up")
            except Exception:
                if self.state != CallState.ENDED:  # it has ended meanwhile
                    raise

    def hold(self, on: bool = True) -> None:
        self._do("hold", int(on))

    def mute(self, on: bool = True) -> None:
        self._do("mute", int(on))

    def pictures(self, on: bool = True) -> None:
        self._do("pictures", int(on))

    def digits(self, keys: str) -> None:
        """0-9, *, #, A-D, at most 64 at once (RFC 4733)."""
        self._do("digits", c_text(keys))

    def send(self, source: str) -> None:
        """Sends something else: a media file, "test", "microphone:+camera:", "none"."""
        self._do("source", c_text(source))

    @property
    def state(self) -> CallState:
        state = ctypes.c_int32()
        self._do("state", ctypes.byref(state))
        return CallState(state.value)

    def wait_answered(self, timeout: "Optional[float]" = None) -> None:
        """Returns when it is answered. JackfieldError, with the reason, if it ends instead; TimeoutError after so many
        seconds."""
        self._wait(CallState.ANSWERED, timeout)

    def wait_ended(self, timeout: "Optional[float]" = None) -> None:
        """Returns when it has ended in order. JackfieldError if it ended otherwise; TimeoutError."""
        self._wait(CallState.ENDED, timeout)

    def _wait(self, state: CallState, timeout: "Optional[float]") -> None:
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _SLICE if until is None else min(_SLICE, max(0.0, until - time.monotonic()))
            try:
                return self._do("wait", int(state), int(left * 1000))
            except JackfieldTimeout:
                if until is not None and time.monotonic() >= until:
                    raise

    def _do(self, what: str, *arguments: object) -> None:
        invoke("call_" + what, self._node.handle, self.id.encode(), *arguments)

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def __repr__(self) -> str:
        return f"<jackfield.Call {self.id}>"
