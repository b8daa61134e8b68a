"""One session of the serial link: its two keys, its two rising counters, what they accept.

A MAC covers `transcript || P without MAC and CRC || counter as u64 little endian`. The transcript
is empty but in the handshake: HelloAck is signed over the Hello, Auth over both.
"""

import hmac
from dataclasses import replace

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware_protocol import bodies
from firmware_protocol.frames import MAC_SIZE, Frame
from firmware_protocol.messages import Message

PSK_SIZE = 32
_SEQUENCES = 1 << 16


class Channel:
    """Seals what one side sends and checks what it receives, each frame at most once."""

    def __init__(
        self, psk: bytes, nonces: bytes, session: int, *, is_device: bool, address: int = 0
    ) -> None:
        """nonces: the host's followed by the device's. address: the device's on the line."""
        assert len(psk) == PSK_SIZE
        self.session = session
        self._is_device = is_device
        self._address = address
        ours, theirs = (b"device", b"host") if is_device else (b"host", b"device")
        self._key_out = _derive(psk, nonces, ours)
        self._key_in = _derive(psk, nonces, theirs)
        self._sent = -1
        self._received = -1

    def seal(self, message: Message, transcript: bytes = b"", *, is_repeat: bool = False) -> Frame:
        """Make the next frame."""
        kind, body = bodies.encode(message)
        return self.seal_body(kind, body, transcript, is_repeat=is_repeat)

    def seal_body(
        self, kind: int, body: bytes, transcript: bytes = b"", *, is_repeat: bool = False
    ) -> Frame:
        """Make the next frame with any type and body."""
        self._sent += 1
        frame = Frame(
            kind=kind,
            is_from_device=self._is_device,
            session=self.session,
            sequence=self._sent % _SEQUENCES,
            ack=max(self._received, 0) % _SEQUENCES,
            address=self._address,
            is_repeat=is_repeat,
            body=body,
        )
        return replace(frame, mac=_mac(self._key_out, transcript, frame, self._sent))

    def accept(self, frame: Frame, transcript: bytes = b"") -> bool:
        """Say whether this is a new, authentic frame of the other side; no frame is new twice."""
        oldest = self._received + 1
        counter = oldest + (frame.sequence - oldest) % _SEQUENCES
        if not hmac.compare_digest(_mac(self._key_in, transcript, frame, counter), frame.mac):
            return False
        self._received = counter
        return True


def _mac(key: bytes, transcript: bytes, frame: Frame, counter: int) -> bytes:
    signed = transcript + frame.signed() + counter.to_bytes(8, "little")
    return hmac.digest(key, signed, "sha256")[:MAC_SIZE]


def _derive(psk: bytes, nonces: bytes, sender: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=nonces, info=b"gatelink1 " + sender).derive(psk)
