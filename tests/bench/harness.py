# SPDX-License-Identifier: MIT
"""What both reports need: a scratch folder, processes that never outlive us, figures about them.

Everything here is a context manager, so that an exception, Ctrl-C and SIGTERM all end the processes
this program started, by their ids, and remove its folder.
"""

import contextlib
import json
import os
import pwd
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


class Failure(Exception):
    """A sentence for the user; the program ends with it."""


def end_on_sigterm():
    """SIGTERM unwinds the stack like Ctrl-C does."""
    def interrupt(_number, _frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)


def main_guard(main):
    """Run main() and turn what it raises into an exit status."""
    end_on_sigterm()
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {failure}")
    except KeyboardInterrupt:
        sys.exit("interrupted")


@contextlib.contextmanager
def scratch_folder():
    folder = tempfile.mkdtemp(prefix="belfry-bench-")
    os.chmod(folder, 0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def program(path, hint):
    """The absolute path of a program that must exist."""
    found = shutil.which(path)
    if found is None:
        raise Failure(f"{path} is missing: {hint}")
    return os.path.abspath(found)


def unprivileged(argv):
    """The command as `nobody` when we are root: monitoring cores do not like to run as root."""
    if os.geteuid() != 0:
        return argv
    user = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *argv]


def give_away(path):
    """Let the unprivileged user own the file or folder."""
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(path, user.pw_uid, user.pw_gid)


@contextlib.contextmanager
def daemon(name, argv, log_path, cpu=None):
    """A running program with its output in a file; `.pid` is its process id."""
    def prepare():
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
    with open(log_path, "ab") as log:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   preexec_fn=prepare, start_new_session=True)
    try:
        process.name, process.log_path = name, log_path
        yield process
    finally:
        stop(process)


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def log_tail(path, lines=5):
    with open(path, errors="replace") as log:
        return "".join(log.readlines()[-lines:]).strip() or "it said nothing"


def check_alive(process):
    if process.poll() is not None:
        raise Failure(f"{process.name} ended with status {process.returncode}: "
                      f"{log_tail(process.log_path)}")


def wait_until(condition, seconds, process, what):
    """Poll the condition; a process that has ended will not fulfil it any more."""
    end = time.monotonic() + seconds
    while not condition():
        check_alive(process)
        if time.monotonic() > end:
            raise Failure(f"waited {seconds:g} s in vain until {what}: "
                          f"{log_tail(process.log_path)}")
        time.sleep(0.02)


def accepts_connections(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


BROKER_CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_dest none
max_queued_messages 1000000
{settings}
"""


@contextlib.contextmanager
def broker(path, folder, cpu=None, settings=""):
    """A fresh broker, Mosquitto's defaults but for long queues; `.port` is where it listens."""
    port = free_port()
    configuration = os.path.join(folder, f"broker-{port}.conf")
    with open(configuration, "w") as out:
        out.write(BROKER_CONFIGURATION.format(port=port, settings=settings))
    log = os.path.join(folder, f"broker-{port}.log")
    with daemon(path, [path, "-c", configuration], log, cpu) as process:
        process.port = port
        wait_until(lambda: accepts_connections(port), 5, process, "the broker listens")
        yield process


def run_loadgen(loadgen, arguments):
    """The result of one run, as loadgen's --json tells it."""
    done = subprocess.run([loadgen, *map(str, arguments), "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if not done.stdout:
        raise Failure(done.stderr.strip() or f"loadgen ended with status {done.returncode}")
    return json.loads(done.stdout)


def sync_ms(folder, times=40):
    """What the folder's disk takes to make a small write last: the floor of every hand-over."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            os.pwrite(file.fileno(), bytes(4096), 0)
            start = time.monotonic()
            os.fdatasync(file.fileno())
            taken.append((time.monotonic() - start) * 1000)
    return statistics.median(taken)


def cpu_ns(pid):
    """CPU time of all threads of a process so far; 0 when it is gone."""
    total = 0
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as schedstat:
                total += int(schedstat.read().split()[0])
    return total


def family(pid):
    """The process and all its descendants."""
    pids = [pid]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in children.read().split():
                    pids += family(int(child))
    return pids


def family_cpu_ns(pid):
    return sum(map(cpu_ns, family(pid)))
