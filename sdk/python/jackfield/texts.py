"""Texts between accounts."""

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from ._library import TEXT_ID_SIZE, c_text, invoke, json_of

if TYPE_CHECKING:
    from .node import Node


@dataclass(frozen=True)
class Text:
    """One text, ours or theirs. `sent` is a time of RFC 3339, by the sender's clock."""

    account: str  # the other one
    id: str  # the sender's
    ours: bool
    text: str
    sent: str
    delivered: bool = False  # ours: a device of the peer has it
    read: bool = False  # theirs

    @classmethod
    def of(cls, detail: "Dict[str, Any]") -> "Text":
        return cls(**{key: value for key, value in detail.items() if key in cls.__dataclass_fields__})


class Texts:
    """`node.texts`. Every method raises JackfieldError; "unsupported" if the configuration has no "texts"."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def send(self, peer: str, text: str) -> str:
        """Returns the text's id when it is on the disk; it is sent as soon as the peer can be reached, now or by a later node.
        An event of step "text" with "what": "delivered" says that it has arrived. Waits for the disk."""
        text_id = ctypes.create_string_buffer(TEXT_ID_SIZE)
        invoke("text_send", self._node.handle, c_text(peer), c_text(text), text_id)
        return text_id.value.decode()

    def history(self, peer: "Optional[str]" = None, most: int = 100) -> "List[Text]":
        """The last ones with a peer, or with everybody, the oldest first. Waits for the disk."""
        return [Text.of(each) for each in json_of("text_history", self._node.handle, c_text(peer), most)["texts"]]

    def mark_read(self, peer: "Optional[str]" = None) -> None:
        """All that a peer, or everybody, has written up to now. Nobody is told."""
        invoke("text_read", self._node.handle, c_text(peer))

    def typing(self, peer: str, on: bool = True) -> None:
        """Tells the peer that somebody is writing (RFC 3994), if a link to it is open; again within two minutes."""
        invoke("text_typing", self._node.handle, c_text(peer), int(on))

    def next(self, timeout: "Optional[float]" = None) -> "Optional[Text]":
        """The next one that comes in; events before it are passed over. None if the node has stopped. TimeoutError, after so
        many seconds."""
        event = self._node.next_that("text", "text", timeout)
        return None if event is None else Text.of(event["detail"])
