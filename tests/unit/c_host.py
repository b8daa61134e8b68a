"""A host in a session with a C controller, one call for each thing that it says."""

from firmware_protocol import bodies
from firmware_protocol.channel import Channel
from firmware_protocol.device import Identity
from firmware_protocol.frames import VERSION, Deframer, Frame, encode
from firmware_protocol.memory import Memory
from firmware_protocol.messages import Auth, Hello, HelloAck, Ping, State
from tests.unit.c_controller import CDevice
from tests.unit.gatelink_line import LOG, PSK, counting_token


class Host:
    """In a session with a C controller."""

    def __init__(
        self,
        address: int = 0,
        *,
        store: bytes | None = None,
        is_broken: bool = False,
        seed: str = "device",
    ) -> None:
        """store: the bytes of its storage at its boot. is_broken: it fails from then on."""
        identity = Identity("tripod", "1.0", LOG)
        token = counting_token(seed)
        self.device = CDevice(PSK, Memory(), device=identity, token=token, address=address)
        if store is not None:
            self.device.write_store(store)
        if is_broken:
            self.device.break_store()
        self.device.start(0)
        kind, body = bodies.encode(Hello(b"n" * 16, VERSION, VERSION, "host"))
        hello = Frame(kind=kind, is_from_device=False, body=body, address=address)
        (offer,) = Deframer().feed(self.device.feed(encode(hello), 0).data)
        ack = bodies.decode(offer.kind, offer.body)
        assert isinstance(ack, HelloAck)
        self.offer = ack
        nonces = b"n" * 16 + ack.nonce
        self.channel = Channel(PSK, nonces, offer.session, is_device=False, address=address)
        assert self.channel.accept(offer, hello.content())
        self.say(encode(self.channel.seal(Auth(), hello.content() + offer.content())))

    def say(self, data: bytes) -> list:
        said = self.device.feed(data, 1).data
        return [bodies.decode(frame.kind, frame.body) for frame in Deframer().feed(said)]

    def is_answered(self) -> bool:
        said = self.say(b"\0" + encode(self.channel.seal(Ping())))
        return any(isinstance(message, State) for message in said)
