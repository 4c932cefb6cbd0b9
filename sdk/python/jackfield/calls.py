"""One call."""

import ctypes
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from ._library import CALL_ID_SIZE, c_text, invoke, json_of, media_of
from .waiting import wait_in_slices

if TYPE_CHECKING:
    from .node import Node


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

    def rotate(self, degrees: int) -> None:
        """How the peer is to turn our pictures: 0, 90, 180 or 270 degrees clockwise."""
        self._do("rotate", degrees)

    def transfer(self, to: "Union[str, Call]") -> None:
        """The peer is to call that account or contact instead (RFC 3515), or to take our place in that call, which runs, too
        (RFC 3891). When they talk our calls end; if nothing comes of it, they go on. Events of step "signaling" say how."""
        if isinstance(to, Call):
            self._do("join", to.id.encode())
        else:
            self._do("transfer", c_text(to))

    def follow(self, *, send: "Union[str, Path, None]" = None, play: "Optional[str]" = None,
               record: "Union[str, Path, None]" = None, audio_only: bool = False, both_sides: bool = False,
               overwrite: bool = False) -> "Call":
        """After the event "transfer wanted", within a minute: places the call that the peer wants. This one ends when that is
        answered."""
        media = media_of(send, play, record, audio_only, both_sides, overwrite)
        call_id = ctypes.create_string_buffer(CALL_ID_SIZE)
        self._do("follow", ctypes.byref(media), call_id)
        return Call(self._node, call_id.value.decode())

    def stay(self) -> None:
        """Does not follow."""
        self._do("stay")

    def statistics(self) -> "list[dict]":
        """Of each stream (timeline.schema.json): in the last second, empty at first; of all of it once the call has ended."""
        return json_of("call_statistics", self._node.handle, self.id.encode()).get("streams", [])

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
        wait_in_slices(timeout, lambda ms: self._do("wait", int(state), ms))

    def _do(self, what: str, *arguments: object) -> None:
        invoke("call_" + what, self._node.handle, self.id.encode(), *arguments)

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def __repr__(self) -> str:
        return f"<jackfield.Call {self.id}>"
