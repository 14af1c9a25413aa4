# SPDX-License-Identifier: MIT
"""A relay whose plugin misbehaves on request: plugins/moody.c does what stands in a file."""
from lines import lines_of
from wait import wait_until

MOODY = "tests/system/plugins/moody.c"
RAW = ["schema raw", "retry_first 10", "retry_most 1"]


class Moody:
    """A rig with the output `relay` of the type moody, and the files that it works with."""

    def __init__(self, scratch, make_relay, lines=(), mood="ok", **how):
        folder = scratch.folder("moody")
        self.path, self.file = folder / "lines", folder / "mood"
        self.set(mood)
        self.lines = [f"path {self.path}", f"mood {self.file}", *RAW, *lines]
        self.rig = make_relay(MOODY, self.lines, **how)

    def set(self, mood):
        self.file.write_text(mood)

    def written(self):
        """(id, text) of what was delivered."""
        return [tuple(line.split("\t", 1)) for line in lines_of(self.path)]

    def texts(self):
        return [text for _, text in self.written()]

    def batches(self):
        """(attempt, records) of each call of deliver()."""
        return [tuple(map(int, line.split())) for line in lines_of(self.path.with_name("lines.batches"))]

    def wait_for(self, *texts, timeout=15):
        wait_until(lambda: self.texts() == list(texts), timeout,
                   f"the records {texts} (there are {self.texts()})")
