"""Files on their way."""

import ctypes
import enum
import os
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Tuple

from ._library import CALL_ID_SIZE, c_text, invoke
from .waiting import wait_in_slices

if TYPE_CHECKING:
    from .node import Node


class TakeFiles(enum.IntEnum):
    """What becomes of files that come in."""

    REFUSED = 0
    ASKED = 1
    TAKEN = 2


class FileState(enum.IntEnum):
    """How far a file is; it only grows."""

    OFFERED = 0
    MOVING = 1
    ENDED = 3


class File:
    """A file on its way, from us or to us. With `with`, it is cancelled in the end if it has not ended. Every method raises
    JackfieldError."""

    def __init__(self, node: "Node", file_id: str, account: str = "", name: str = "", size: int = 0) -> None:
        self._node = node
        self.id = file_id
        self.account = account  # of one that comes in
        self.name = name  # as the sender says, made safe
        self.size = size  # bytes

    def accept(self) -> None:
        """One that comes in, where they are asked for; within 50 seconds."""
        invoke("file_accept", self._node.handle, self.id.encode())

    def cancel(self) -> None:
        """Refuses one that was not accepted. One that has ended already is none the worse for it."""
        if self.progress()[0] != FileState.ENDED:
            invoke("file_cancel", self._node.handle, self.id.encode())

    def progress(self) -> "Tuple[FileState, int]":
        """How far it is, and how many bytes the receiver has written."""
        state, done = ctypes.c_int32(), ctypes.c_uint64()
        invoke("file_progress", self._node.handle, self.id.encode(), ctypes.byref(state), ctypes.byref(done))
        return FileState(state.value), done.value

    def wait(self, timeout: "Optional[float]" = None) -> "Optional[Path]":
        """Returns when all of it is there, with where that is if it came in (None if it had been received earlier).
        JackfieldError if it ended otherwise; TimeoutError after so many seconds."""
        place = ctypes.create_string_buffer(4096)
        wait_in_slices(timeout, lambda ms: invoke("file_wait", self._node.handle, self.id.encode(), ms, place, len(place)))
        return Path(os.fsdecode(place.value)) if place.value else None

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def __repr__(self) -> str:
        return f"<jackfield.File {self.id}>"


class Files:
    """`node.files`. Every method raises JackfieldError."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def send(self, peer: str, path: "str | os.PathLike[str]") -> File:
        """To one device of the peer; what becomes of it, also that there is no such file, `wait` says."""
        file_id = ctypes.create_string_buffer(CALL_ID_SIZE)
        invoke("file_send", self._node.handle, c_text(peer), c_text(path), file_id)
        return File(self._node, file_id.value.decode())

    def take(self, how: TakeFiles = TakeFiles.TAKEN) -> None:
        """What becomes of those that come in from now on; before this they are refused. Only those of whom "files" in the
        configuration allows, and into its folder, come in at all."""
        invoke("node_take_files", self._node.handle, int(how))

    def next(self, timeout: "Optional[float]" = None) -> "Optional[File]":
        """The next one that comes in; events before it are passed over. None if the node has stopped. TimeoutError."""
        event = self._node.next_that("file", "offered", timeout)
        if event is None:
            return None
        detail = event["detail"]
        return File(self._node, event["call"], detail["account"], detail["name"], detail["bytes"])
