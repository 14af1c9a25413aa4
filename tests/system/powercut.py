# SPDX-License-Identifier: MIT
"""
What a disk holds when the power goes: rebuilt from what strace saw a broker write. Data that was
synced is there; of the rest each page is there or is not, as chance has it. What stood in front of
a sync that failed is the rest for ever: the kernel calls those pages clean and never writes them.
"""
import re
import shutil

import packet

CALLS = ("openat,open,creat,pwrite64,pwritev,write,writev,lseek,ftruncate,fdatasync,fsync,msync,"
         "rename,renameat,renameat2,unlink,unlinkat,sendto,sendmsg")
PAGE = 4096

LINE = re.compile(r"(?P<pid>\d+) +(?P<rest>.*)")
CALL = re.compile(r"(?P<name>\w+)\((?P<args>.*)\) += (?P<result>-?\d+)(?P<tail>.*)")
RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<rest>.*)")
DESCRIPTOR = re.compile(r"(?P<fd>\d+)<(?P<path>[^>]*)>")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def plain(text):
    """strace -xx writes paths in hex, too."""
    return re.sub(r"(?:\\x[0-9a-f]{2})+",
                  lambda m: bytes.fromhex(m[0].replace("\\x", "")).decode("latin-1"), text)


def calls(lines):
    """(name, arguments, result, tail) of every call that came back, in that order."""
    open_calls = {}
    for line in lines:
        found = LINE.match(line)
        if not found:
            continue
        pid, rest = found["pid"], found["rest"]
        if rest.endswith("<unfinished ...>"):
            open_calls[pid] = rest[:-len("<unfinished ...>")].rstrip()
            continue
        resumed = RESUMED.match(rest)
        if resumed:
            rest = open_calls.pop(pid, "") + resumed["rest"]
        call = CALL.match(rest)
        if call:
            yield call["name"], call["args"], int(call["result"]), call["tail"]


def data_of(args):
    return b"".join(bytes.fromhex(s.replace("\\x", "")) for s in STRING.findall(args))


class File:
    """`safe` is on the disk; `pending` may be, `doubtful` may be and no sync helps any more."""

    def __init__(self):
        self.safe, self.pending, self.doubtful = bytearray(), [], []

    def write(self, offset, data, synchronous):
        # Page by page: a power cut tears larger writes.
        while data:
            size = PAGE - offset % PAGE
            piece = offset, data[:size]
            # A page written anew is no longer in doubt once that is synced.
            self.doubtful = [d for d in self.doubtful if not _covers(piece, d)]
            if synchronous:
                _apply(self.safe, *piece)
                self.pending = [p for p in self.pending if not _covers(piece, p)]
            else:
                self.pending.append(piece)
            offset, data = offset + len(piece[1]), data[size:]

    def synced(self, well):
        if well:
            for piece in self.pending:
                _apply(self.safe, *piece)
        else:
            self.doubtful += self.pending
        self.pending = []

    def after_a_cut(self, chance):
        image = bytearray(self.safe)
        for piece in self.doubtful + self.pending:
            if chance.random() < 0.5:
                _apply(image, *piece)
        return bytes(image)


def _covers(piece, other):
    return piece[0] <= other[0] and piece[0] + len(piece[1]) >= other[0] + len(other[1])


def _apply(image, offset, data):
    image.extend(bytes(max(0, offset + len(data) - len(image))))
    image[offset:offset + len(data)] = data


class Disk:
    """Follows a trace call by call; `acknowledged` are the packet identifiers of the PUBACKs."""

    def __init__(self, where):
        self.where, self.files, self.acknowledged = str(where), {}, []
        self.writes = self.synchronous = 0
        self._offsets, self._dsync = {}, set()

    def follow(self, call):
        name, args, result, tail = call
        if name in ("sendto", "sendmsg"):
            self._sent(data_of(args))
        elif name in ("open", "openat", "creat") and "O_DIRECTORY" not in args:
            path = DESCRIPTOR.match(f"{result}{tail.strip()}")
            if path and result >= 0 and plain(path["path"]).startswith(self.where):
                self.files.setdefault(plain(path["path"]), File())
                self._offsets[path["fd"]] = 0
                self._dsync.discard(path["fd"])
                if "O_DSYNC" in args or "O_SYNC" in args:
                    self._dsync.add(path["fd"])
                if "O_TRUNC" in args:
                    self.files[plain(path["path"])] = File()
        elif name.startswith("rename") and result == 0:
            old, new = [plain(f'"{s}"').strip('"') for s in STRING.findall(args)][:2]
            if old in self.files:
                self.files[new] = self.files.pop(old)
        elif name.startswith("unlink") and result == 0:
            for path in [plain(s) for s in STRING.findall(args)]:
                self.files.pop(path, None)
        else:
            self._on_file(name, args, result)

    def _on_file(self, name, args, result):
        found = DESCRIPTOR.match(args)
        file = found and self.files.get(plain(found["path"]))
        if not file:
            return
        fd, numbers = found["fd"], re.findall(r", (\d+)", args)
        if name == "lseek":
            self._offsets[fd] = result
        elif name == "ftruncate" and result == 0:
            size = int(numbers[0])
            file.safe[:] = file.safe[:size].ljust(size, b"\0")
        elif name in ("fdatasync", "fsync"):
            file.synced(result == 0)
        elif result > 0 and name in ("pwrite64", "pwritev"):
            self._write(file, fd, int(numbers[-1]), data_of(args)[:result])
        elif result > 0 and name in ("write", "writev"):
            offset = self._offsets.get(fd, 0)
            self._write(file, fd, offset, data_of(args)[:result])
            self._offsets[fd] = offset + result

    def _write(self, file, fd, offset, data):
        self.writes += 1
        file.write(offset, data, fd in self._dsync)

    def _sent(self, data):
        buffer = bytearray(data)
        while buffer and (p := packet.take(buffer)):
            if p.type == packet.PUBACK:
                self.acknowledged.append(packet.packet_id_of(p))

    def rebuild(self, where, chance):
        """Write below `where` what would be found after a power cut now."""
        shutil.rmtree(where)
        where.mkdir(mode=0o700)
        for path, file in self.files.items():
            if any(other.startswith(path + "/") for other in self.files):
                continue  # a folder that was opened to be synced
            target = where / path[len(self.where):].lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.after_a_cut(chance))
            target.chmod(0o600)
