"""Whether a file's content is stored can be asked without storing it."""

import pytest

from nbrewind.store import Store


@pytest.mark.parametrize("size", [0, 1, 64 << 10, (64 << 10) + 1, 4 << 20, (9 << 20) + 7])
def test_a_file_is_held_once_it_is_stored_and_not_after_it_changed(tmp_path, size: int) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    with Store.open(tmp_path / "store") as store:
        assert not store.holds_file(file)
        store.put_file(file)
        store.sync()
        assert store.holds_file(file)
        file.write_bytes(file.read_bytes() + b"!")
        assert not store.holds_file(file)
        assert not store.holds_file(tmp_path / "missing")
