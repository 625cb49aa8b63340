"""Where a monitor lives: one private folder a portfolio, with its socket, its lock and its log.

The state folder is used and not the runtime folder, which vanishes at logout and would let a second monitor start.
With a read-only home the runtime folder stands in, with a notice that stays on the screen.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

SOCKET_PATH_LIMIT = 107
"""Bytes of a Unix socket's path on Linux (108 with its closing zero)."""


class PlaceError(Exception):
    """No folder can hold the monitor's socket and lock; the text is a sentence for the user."""


ALREADY = (
    "a monitor already watches this portfolio from {}: `hedgetui PORTFOLIO` joins it, `hedgetui stop PORTFOLIO` ends it"
)


class AlreadyWatched(Exception):
    """Another monitor holds the lock of this portfolio."""


class Place(Struct, frozen=True):
    """One monitor's folder (0700)."""

    folder: Path
    notice: str = ""
    """A standing sentence where the folder is not the proper one."""

    @property
    def sock(self) -> Path:
        return self.folder / "sock"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def log(self) -> Path:
        return self.folder / "monitor.log"

    @property
    def journal(self) -> Path | None:
        """The journal's file; None in a stand-in, which may vanish: then it is kept in memory, and that is said."""
        return None if self.notice else self.folder / "journal.db"

    @property
    def notices(self) -> tuple[str, ...]:
        """What the screen says of this folder for as long as the monitor runs."""
        return (f"{self.notice}; alerts and answers are in memory only",) if self.notice else ()


def digest(portfolio: Path) -> str:
    """16 hex digits that stand for one portfolio file, whatever name or link leads to it."""
    import hashlib  # loads OpenSSL, which the demo's first frame need not wait for

    return hashlib.sha256(os.fsencode(os.path.realpath(portfolio))).hexdigest()[:16]


def state_root(env: Mapping[str, str]) -> Path:
    """The folder of all monitors. A relative XDG_STATE_HOME is ignored, as the XDG specification asks."""
    state = env.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path(env.get("HOME") or Path.home()) / ".local" / "state"
    return base / "hedgetui"


def runtime_root(env: Mapping[str, str]) -> Path:
    """The stand-in for a read-only home."""
    runtime = env.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and Path(runtime).is_dir():
        return Path(runtime) / "hedgetui"
    return Path(tempfile.gettempdir()) / f"hedgetui-{os.getuid()}"


def candidates(portfolio: Path, env: Mapping[str, str]) -> tuple[Place, ...]:
    """Where a running monitor of this portfolio may be, best first. Touches nothing."""
    name = digest(portfolio)
    return Place(state_root(env) / name), Place(runtime_root(env) / name)


def settle(portfolio: Path, env: Mapping[str, str]) -> Place:
    """Make the portfolio's folder and return it. Raises PlaceError where none can be had."""
    proper, stand_in = candidates(portfolio, env)
    try:
        private_folder(proper.folder.parent)
        private_folder(proper.folder)
        probe(proper)
    except OSError as error:
        first = f"{proper.folder} cannot be used ({words(error)})"
    else:
        check_length(proper)
        return proper
    if is_locked(proper):
        raise AlreadyWatched(ALREADY.format(proper.folder))
    try:
        private_folder(stand_in.folder.parent)
        private_folder(stand_in.folder)
        probe(stand_in)
    except OSError as error:
        raise PlaceError(
            f"{first}, nor can {stand_in.folder} ({words(error)}). The monitor needs one of them for its socket and"
            " lock; set XDG_STATE_HOME to a folder of yours that can be written."
        ) from error
    check_length(stand_in)
    return Place(stand_in.folder, notice=f"{first}: socket and lock are in {stand_in.folder}")


def private() -> Place:
    """A folder of its own under the temporary folder, for the demo; never joined by portfolio."""
    place = Place(Path(tempfile.mkdtemp(prefix="hedgetui-demo-")))
    check_length(place)
    return place


def private_folder(folder: Path) -> None:
    """Make `folder` 0700, or check that it is a real folder of ours and close it to others. Raises OSError."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.ENOTDIR, "it is not a folder of its own", str(folder))
    if found.st_uid != os.getuid():
        raise OSError(errno.EPERM, "it belongs to somebody else", str(folder))
    if found.st_mode & 0o077:
        folder.chmod(0o700)


def probe(place: Place) -> None:
    """Raise OSError unless files can be made in the folder; its mode alone does not tell (root, read-only mounts)."""
    os.close(open_lock(place))


def open_lock(place: Place) -> int:
    return os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def check_length(place: Place) -> None:
    length = len(os.fsencode(place.sock))
    if length > SOCKET_PATH_LIMIT:
        raise PlaceError(
            f"the socket's path {place.sock} has {length} bytes, and a Unix socket takes {SOCKET_PATH_LIMIT}:"
            " set XDG_STATE_HOME to a shorter folder."
        )


def words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


class Lock:
    """The monitor's right to watch one portfolio: held for the life of the process, released by the kernel at its end.

    The file is never removed: a removed lock file would let two processes each hold a lock on a file of that name.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


def take_lock(place: Place) -> Lock:
    """Take the lock or raise AlreadyWatched at once."""
    descriptor = open_lock(place)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise AlreadyWatched(ALREADY.format(place.folder)) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return Lock(descriptor)


def is_locked(place: Place) -> bool:
    """Whether a monitor holds this folder, even one that we may not write to."""
    try:
        descriptor = os.open(place.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def all_places(env: Mapping[str, str]) -> Iterator[Place]:
    """Every folder in which a monitor runs or ran, for `hedgetui stop` without a name."""
    for root in (state_root(env), runtime_root(env)):
        try:
            yield from sorted((Place(folder) for folder in root.iterdir()), key=lambda place: place.folder)
        except OSError:
            continue
