# SPDX-License-Identifier: MIT
"""Reading the file of tests/system/nebcount.c, whose struct counts this mirrors."""

import mmap
import os
import struct

SUB_BITS = 5
BUCKETS = (64 - SUB_BITS + 1) << SUB_BITS
HEADER, BUCKETS_AT = "=QQQQQQ4Q", 128
SIZE = BUCKETS_AT + 8 * BUCKETS


def upper_edge(bucket):
    """The largest latency in ns that is counted in the bucket."""
    if bucket < 1 << SUB_BITS:
        return bucket
    exponent = (bucket >> SUB_BITS) - 1
    return (((bucket & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS) + 1) << exponent) - 1


class Counts:
    """What a Nagios with nebcount.so has applied so far, live."""

    def __init__(self, path):
        descriptor = os.open(path, os.O_RDWR)
        try:
            self.map = mmap.mmap(descriptor, SIZE)
        finally:
            os.close(descriptor)

    def close(self):
        self.map.close()

    def reset(self):
        """Only while nothing is being applied."""
        self.map[:] = bytes(SIZE)

    def _header(self):
        return struct.unpack_from(HEADER, self.map)

    def services(self):
        return self._header()[0]

    def seconds(self):
        """From the first to the last applied result."""
        _, _, first, last, *_ = self._header()
        return (last - first) / 1e9

    def states(self):
        return list(self._header()[6:10])

    def latency_ms(self, quantile):
        latencies, largest = self._header()[4:6]
        rank, seen = int(quantile * latencies), 0
        for bucket, count in enumerate(struct.unpack_from(f"={BUCKETS}Q", self.map, BUCKETS_AT)):
            seen += count
            if seen > rank:
                return min(upper_edge(bucket), largest) / 1e6
        return largest / 1e6
