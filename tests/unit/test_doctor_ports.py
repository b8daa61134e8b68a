"""The list of serial ports by their stable names."""

import shutil

from gatewayd.app.doctor_ports import serial_ports


def test_ports_are_listed_by_all_their_stable_names(tmp_path):
    for folder, name, device in (
        ("by-path", "usb-1", "ttyUSB0"),
        ("by-path", "usb-2", "ttyUSB1"),
        ("by-id", "reader", "ttyUSB0"),
    ):
        (tmp_path / device).touch()
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).symlink_to(tmp_path / device)
    used = {f"{tmp_path}/by-path/usb-1": ["lane-1"], "/dev/not-there": ["lane-2"]}
    first, second = serial_ports(used, {"lane-1"}, tmp_path)
    assert first.names == (f"{tmp_path}/by-path/usb-1", f"{tmp_path}/by-id/reader")
    assert (first.used_by, first.is_held) == (("lane-1",), True)
    assert second.lines() == [
        f"{tmp_path}/ttyUSB1: no device of the settings",
        f"    {tmp_path}/by-path/usb-2",
    ]
    shutil.rmtree(tmp_path / "by-path")
    shutil.rmtree(tmp_path / "by-id")
    assert serial_ports({}, set(), tmp_path) == []
