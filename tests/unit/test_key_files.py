import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gatewayd.app.errors import KeyFileError
from gatewayd.app.key_files import (
    make_signing_key,
    read_or_make_privacy_key,
    read_secret,
    read_signing_key,
)
from gatewayd.core.pseudonym import KEY_SIZE


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_privacy_key_is_made_once_and_kept(tmp_path):
    path = tmp_path / "state" / "privacy.key"
    key = read_or_make_privacy_key(path)
    assert len(key) == KEY_SIZE
    assert mode(path) == 0o600
    assert read_or_make_privacy_key(path) == key
    assert list(path.parent.iterdir()) == [path], "no draft is left behind"


@pytest.mark.parametrize("content", ["", "zz" * 32, "00" * 31, "00" * 33, "é", "\x00" * 32])
def test_a_damaged_secret_is_told_and_never_replaced(tmp_path, content):
    path = tmp_path / "privacy.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="64 hex digits"):
        read_or_make_privacy_key(path)
    assert path.read_text() == content


@pytest.mark.parametrize("open_mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_refused(tmp_path, open_mode):
    path = tmp_path / "lane-1.psk"
    path.write_text("00" * 32)
    path.chmod(open_mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_secret(path, 32)


def test_a_missing_secret_is_told(tmp_path):
    with pytest.raises(KeyFileError, match=r"lane-1\.psk: cannot be read"):
        read_secret(tmp_path / "lane-1.psk", 32)


def test_a_place_that_cannot_be_looked_into_is_told(tmp_path, mocker):
    mocker.patch("pathlib.Path.exists", side_effect=PermissionError(13, "Permission denied"))
    with pytest.raises(KeyFileError, match="cannot be read: Permission denied"):
        read_or_make_privacy_key(tmp_path / "privacy.key")


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="cannot be written"):
        read_or_make_privacy_key(tmp_path / "file" / "privacy.key")


def test_a_signing_key_is_a_secret_and_a_public_file(tmp_path):
    private_path, public_path = make_signing_key(tmp_path, "gmsc")
    assert (private_path.name, mode(private_path)) == ("gmsc.key.pem", 0o600)
    assert (public_path.name, mode(public_path)) == ("gmsc.jwks.json", 0o644)
    assert read_signing_key(private_path).issuer == "gmsc"
    assert '"d"' not in public_path.read_text()


@pytest.mark.parametrize("name", ["gmsc.key.pem", "gmsc.jwks.json"])
def test_a_key_is_never_overwritten(tmp_path, name):
    (tmp_path / name).write_text("old")
    with pytest.raises(KeyFileError, match="never overwritten"):
        make_signing_key(tmp_path, "gmsc")
    assert (tmp_path / name).read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_key_that_another_process_made_meanwhile_is_not_overwritten(tmp_path, mocker):
    make_signing_key(tmp_path, "gmsc")
    before = (tmp_path / "gmsc.key.pem").read_bytes()
    mocker.patch("pathlib.Path.exists", return_value=False)
    with pytest.raises(KeyFileError, match="never overwritten"):
        make_signing_key(tmp_path, "gmsc")
    assert (tmp_path / "gmsc.key.pem").read_bytes() == before


@pytest.mark.parametrize("issuer", ["", "../gmsc", "a/b", ".gmsc", "a b", "x" * 33])
def test_a_name_that_cannot_be_a_file_is_refused(tmp_path, issuer):
    with pytest.raises(KeyFileError, match="1 to 32 characters"):
        make_signing_key(tmp_path, issuer)
    assert list(tmp_path.iterdir()) == []


def test_the_issuer_is_that_of_the_public_half_or_the_one_given(tmp_path):
    private_path, public_path = make_signing_key(tmp_path, "gmsc")
    public_path.unlink()
    assert read_signing_key(private_path, "elsewhere").issuer == "elsewhere"
    with pytest.raises(KeyFileError, match="--issuer"):
        read_signing_key(private_path)


def test_the_public_half_of_another_key_names_nobody(tmp_path):
    ours, _ = make_signing_key(tmp_path, "ours")
    _, theirs = make_signing_key(tmp_path, "theirs")
    theirs.rename(tmp_path / "ours.jwks.json")
    with pytest.raises(KeyFileError, match="public half"):
        read_signing_key(ours)


def test_a_file_that_is_no_ed25519_key_is_told(tmp_path):
    path = tmp_path / "gmsc.key.pem"
    other = ec.generate_private_key(ec.SECP256R1())
    locked = BestAvailableEncryption(b"password of the test")
    for content, said in (
        (b"hello", "PEM"),
        (other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked), "without password"),
        (other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "Ed25519"),
    ):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match=said):
            read_signing_key(path)
