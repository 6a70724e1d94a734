"""A pack from outside, checked and laid out where an audit can be run from it.

Expects any bytes. Ensures that nothing is written before everything was checked: the form of the archive, the names,
the manifest, the digest of every file. What is written goes below one private folder that is named by its content,
whole or not at all; files that did not travel are linked into it from where the user has them, if their digests fit.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NoReturn

from cyclspec.compiler.checkpoints.private import private_folder
from cyclspec.language.diagnostics import SpecError
from cyclspec.language.diagnostics.cy00_syntax import SourceUnreadable
from cyclspec.language.diagnostics.cy09_sharing import ManifestRefused, MemberDiffers, MemberRefused
from cyclspec.language.names.lock import FILE
from cyclspec.language.names.modules import Sealed
from cyclspec.pack.archive import Member, chunks, read
from cyclspec.pack.found import found_by_digest
from cyclspec.pack.manifest import FILES, MAX_BYTES, NAME, Elsewhere, Flaw, Manifest
from cyclspec.pack.manifest import read as read_manifest
from cyclspec.pack.names import flaw_of_name, flaw_of_names


@dataclass(frozen=True, slots=True)
class OpenedPack:
    """A pack that lies open: its manifest, the folder of its files, and the spec in it."""

    path: Path
    manifest: Manifest
    folder: Path

    @property
    def entry(self) -> Path:
        return self.folder / self.manifest.root / self.manifest.entry

    @property
    def shown(self) -> str:
        """How people are shown the spec in it."""
        return f"{self.path}/{self.manifest.entry}"

    @property
    def sealed(self) -> Sealed:
        """The bounds of the program in it."""
        elsewhere = self.manifest.elsewhere.items()
        return Sealed(self.folder, {_place(self.folder, name): _said(one) for name, one in elsewhere})


def _place(folder: Path, name: str) -> Path:
    """Where a file of a pack lies once it is taken out."""
    return folder / name.removeprefix(FILES)


def _said(one: Elsewhere) -> tuple[str, ...]:
    """What is known of a file that did not travel."""
    size = f"{one.bytes:,}".replace(",", " ")
    about = "; ".join(f"{word}: {text}" for word, text in sorted(one.about.items()))
    known = f"it has {size} bytes and sha256:{one.sha256}"
    return (known, f"its corpus says: {about}") if about else (known,)


def open_pack(path: Path, files: Iterable[Path] = (), into: Path | None = None) -> OpenedPack:
    """Checks a pack and lays it out, in a private folder unless `into` names one.

    `files` are folders or files in which what did not travel is looked for.

    Raises:
        SpecError: it cannot be read, or something in it is refused. Nothing was written then.
    """
    try:
        with _opened(path) as archive:
            members, manifest, digest = _checked(archive)
            folder = _laid_out(archive, members, manifest, into or _private(), digest)
    except SpecError as error:
        raise SpecError(replace(d, place=d.place or str(path)) for d in error.diagnostics) from None
    for name, source in found_by_digest(_absent(manifest, folder), files):
        _link(_place(folder, name), source)
    return OpenedPack(path, manifest, folder)


def take_out(path: Path, folder: Path) -> Manifest:
    """Lays the files of a pack out in a new folder. Raises as `open_pack` does, and `FileExistsError`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(folder)
    try:
        with _opened(path) as archive:
            members, manifest, _ = _checked(archive)
            folder.parent.mkdir(parents=True, exist_ok=True)
            _extract(archive, members, manifest, folder)
    except SpecError as error:
        raise SpecError(replace(d, place=d.place or str(path)) for d in error.diagnostics) from None
    return manifest


def _opened(path: Path) -> BinaryIO:
    try:
        # A pipe must not be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise SpecError(
            [SourceUnreadable(file=str(path), problem="does not exist", place=str(path))]
        ) from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise SpecError([SourceUnreadable(file=str(path), problem=problem, place=str(path))]) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise SpecError([SourceUnreadable(file=str(path), problem="is not a plain file", place=str(path))])
    return os.fdopen(descriptor, "rb")


def _no_manifest(problem: str) -> NoReturn:
    raise SpecError([ManifestRefused(problem=problem)])


def _checked(archive: BinaryIO) -> tuple[tuple[Member, ...], Manifest, str]:
    """The files of a pack, its manifest, and the digest of that; everything is right with all of them."""
    members = read(archive)
    flaw = flaw_of_names([member.name for member in members])
    if flaw is not None:
        raise SpecError([MemberRefused(member=flaw[0][:200], problem=flaw[1])])
    described = next((member for member in members if member.name == NAME), None)
    if described is None:
        _no_manifest("is not there: it is no pack of `cyclspec pack`")
    if described.size > MAX_BYTES:
        _no_manifest(f"has more than {MAX_BYTES >> 20} MiB")
    data = b"".join(chunks(archive, described))
    try:
        manifest = read_manifest(data)
    except Flaw as error:
        _no_manifest(str(error))
    files = tuple(member for member in members if member is not described)
    _check_manifest(manifest)
    _check_members(archive, files, manifest)
    return files, manifest, hashlib.sha256(data).hexdigest()


def _check_manifest(manifest: Manifest) -> None:
    """The manifest names a spec and a lock among its files, and nothing outside."""
    flaw = flaw_of_names([*manifest.members, *manifest.elsewhere])
    if flaw is not None:
        _no_manifest(f"names `{flaw[0][:100]}`, which {flaw[1]}")
    outside = [name for name in (*manifest.members, *manifest.elsewhere) if not name.startswith(FILES)]
    if outside:
        _no_manifest(f"names `{outside[0][:100]}`, which is not below `{FILES}`")
    for place in (manifest.entry, *([manifest.root] if manifest.root else ())):
        flaw_here = flaw_of_name(place)
        if flaw_here is not None:
            _no_manifest(f"names `{place[:100]}`, which {flaw_here}")
    for name in (manifest.entry, FILE):
        if FILES + _below(manifest.root, name) not in manifest.members:
            _no_manifest(f"names no file `{name[:100]}`")


def _below(root: str, name: str) -> str:
    return f"{root}/{name}" if root else name


def _check_members(archive: BinaryIO, files: Iterable[Member], manifest: Manifest) -> None:
    here = {member.name: member for member in files}
    extra, lost = here.keys() - manifest.members.keys(), manifest.members.keys() - here.keys()
    if extra or lost:
        problem = "is not in its manifest" if extra else "is in its manifest, and not there"
        raise SpecError([MemberDiffers(member=min(extra or lost)[:200], problem=problem)])
    for name, member in here.items():
        packed = manifest.members[name]
        if member.size != packed.bytes or _digest(chunks(archive, member)) != packed.sha256:
            raise SpecError([MemberDiffers(member=name[:200], problem="is not the one in its manifest")])


def _digest(data: Iterator[bytes]) -> str:
    found = hashlib.sha256()
    for chunk in data:
        found.update(chunk)
    return found.hexdigest()


# ---- laying out


def _private() -> Path:
    """The folder of the user's packs; one that goes with this process where there can be none."""
    found = private_folder("packs")
    if isinstance(found, Path):
        return found
    folder = tempfile.mkdtemp(prefix="cyclspec-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _laid_out(
    archive: BinaryIO, members: tuple[Member, ...], manifest: Manifest, parent: Path, digest: str
) -> Path:
    folder = parent / digest[:32]
    if folder.is_dir() and not _is_whole(folder, manifest):
        shutil.rmtree(folder)
    if not folder.is_dir():
        _extract(archive, members, manifest, folder)
    return folder.resolve()


def _is_whole(folder: Path, manifest: Manifest) -> bool:
    """Whether a folder from before holds what the pack holds: somebody may have edited it."""
    for name, packed in manifest.members.items():
        path = _place(folder, name)
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != packed.sha256:
                    return False
        except OSError:
            return False
    return True


def _extract(archive: BinaryIO, members: Iterable[Member], manifest: Manifest, folder: Path) -> None:
    """Writes the files beside their place, checks them once more, and moves them there in one step."""
    made = Path(tempfile.mkdtemp(prefix=".pack-", dir=folder.parent))
    try:
        for member in members:
            path = _place(made, member.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for chunk in chunks(archive, member):
                    file.write(chunk)
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != manifest.members[member.name].sha256:
                    raise SpecError(
                        [MemberDiffers(member=member.name[:200], problem="changed while it was read")]
                    )
        made.chmod(0o755)
        os.rename(made, folder)
    except OSError as error:
        if folder.is_dir() and any(folder.iterdir()):  # another process was quicker
            return
        problem = f"cannot be taken out into {folder}: {error.strerror}"
        raise SpecError([SourceUnreadable(file="the pack", problem=problem)]) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


# ---- what did not travel


def _absent(manifest: Manifest, folder: Path) -> dict[str, tuple[int, str]]:
    return {
        name: (one.bytes, one.sha256)
        for name, one in manifest.elsewhere.items()
        if not _place(folder, name).is_file()
    }


def _link(path: Path, source: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(source)
