"""Whom we know, who asks to be known, and who is there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Iterator, List

from ._library import c_text, invoke, json_of

if TYPE_CHECKING:
    from .node import Node


@dataclass(frozen=True)
class Contact:
    account: str
    name: str  # as we call it; may be empty
    banned: bool
    asked: bool  # to be a contact, and has not answered


@dataclass(frozen=True)
class ContactRequest:
    account: str  # verified
    name: str  # as the account says; proves nothing
    note: str
    at: str  # when it came, RFC 3339


class Contacts:
    """`node.contacts`, which can be iterated. A change is in the file when a method returns, and every node with that file hears
    of it. Every method waits for the disk, and raises JackfieldError; "unsupported" if the configuration has no "contacts"."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def __iter__(self) -> "Iterator[Contact]":
        return iter([Contact(**each) for each in json_of("contact_list", self._node.handle)["contacts"]])

    def add(self, name: str, account: str) -> None:
        """A contact, or another name for one."""
        invoke("contact_add", self._node.handle, c_text(name), c_text(account))

    def remove(self, peer: str) -> None:
        invoke("contact_remove", self._node.handle, c_text(peer))

    def ban(self, peer: str, on: bool = True) -> None:
        """Nothing of that peer comes through; strangers by their account."""
        invoke("contact_ban", self._node.handle, c_text(peer), int(on))

    def request(self, account: str, name: str = "", note: str = "") -> None:
        """Asks an account to be a contact, under a name of ours and with a line for it, until it answers."""
        invoke("contact_request", self._node.handle, c_text(account), c_text(name), c_text(note))

    def requests(self) -> "List[ContactRequest]":
        """Who has asked, and waits for an answer of ours."""
        return [ContactRequest(**each) for each in json_of("contact_requests", self._node.handle)["requests"]]

    def accept(self, peer: str, name: "str | None" = None) -> None:
        """`peer`: the account, or the name that it gives itself; `name`: what we call it."""
        invoke("contact_accept", self._node.handle, c_text(peer), c_text(name))

    def decline(self, peer: str) -> None:
        """It is told nothing."""
        invoke("contact_decline", self._node.handle, c_text(peer))


class Presence:
    """`node.presence`. Every method raises JackfieldError."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def watch(self, peer: str, on: bool = True) -> None:
        """Events of step "discovery" with "what": "online" or "offline" say who comes and goes. Contacts are watched anyway."""
        invoke("presence_watch", self._node.handle, c_text(peer), int(on))

    def devices(self, peer: str) -> "List[str]":
        """Those of a peer that can be found now. Waits until discovery has looked."""
        return list(json_of("presence_devices", self._node.handle, c_text(peer))["devices"])
