# SPDX-License-Identifier: MIT
"""Files of lines that a program under test is still writing."""
import json


def lines_of(path):
    """
    The lines that have their end, for the last one may be half written at this moment; none while
    there is no file.
    """
    return path.read_text().split("\n")[:-1] if path.exists() else []


def documents_of(path):
    """The same, where each line is a JSON document."""
    return [json.loads(line) for line in lines_of(path)]
