"""A reading of bytes ends by its first error, whoever else finds one."""

import asyncio
import os
import socket

import pytest

from drivers.byte_stream import ByteStream, StreamLostError


async def reading_of(received) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        os.set_blocking(ours.fileno(), False)
        stream = ByteStream(ours.fileno(), "the line")
        with stream.attached():
            os.write(theirs.fileno(), b"code")
            await stream.read(lambda data, at_s: received(stream, theirs, data))


async def test_what_the_reader_raises_ends_the_reading():
    def raises(stream, theirs, data):
        raise ValueError(data)

    with pytest.raises(ValueError, match="code"):
        await reading_of(raises)


async def test_of_two_errors_in_one_reading_the_first_counts():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def answers_a_line_that_is_lost(stream, theirs, data):
        theirs.close()
        assert not stream.write(b"ok")
        raise ValueError(data)

    with pytest.raises(StreamLostError, match="the line hung up"):
        await reading_of(answers_a_line_that_is_lost)
    assert told == []
