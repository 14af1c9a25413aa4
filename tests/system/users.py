# SPDX-License-Identifier: MIT
"""Password files, made by the tools that an operator has."""
from process import program, run

MAKERS = {
    "mosquitto": ["mosquitto_passwd", "-b"],
    "mosquitto-sha512": ["mosquitto_passwd", "-H", "sha512", "-b"],
    "belfry": ["belfry", "passwd", "-b"],
    "belfry-pbkdf2": ["belfry", "passwd", "-H", "sha512-pbkdf2", "-b"],
    "belfry-sha512": ["belfry", "passwd", "-H", "sha512", "-b"],
}
CHEAP = MAKERS["belfry-sha512"]


def make_users(path, maker=CHEAP, **users):
    """Add users, or change their passwords, with one of the two tools."""
    if not path.exists():
        assert run(["touch", path]).returncode == 0
        assert run(["chmod", "600", path]).returncode == 0
    tool = [program("belfry", path.parent), *maker[1:]] if maker[0] == "belfry" else maker
    for user, password in users.items():
        done = run([*tool, path, user, password])
        assert done.returncode == 0, done.stderr
    return path
