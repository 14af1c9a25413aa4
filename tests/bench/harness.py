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
{transport}
allow_anonymous {anonymous}
{persistence}
log_dest none
{settings}
"""
LONG_QUEUES = "max_queued_messages 1000000"


@contextlib.contextmanager
def store_folder(folder):
    """An empty folder for a broker that gives up its privileges."""
    path = tempfile.mkdtemp(prefix="store-", dir=folder)
    os.chmod(path, 0o777)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"openssl {arguments[0]}: {done.stdout.strip()}")


def certificates(folder):
    """The path of a CA's certificate; beside it a broker's on 127.0.0.1 and its key. Made once."""
    ca = os.path.join(folder, "ca.crt")
    if os.path.exists(ca):
        return ca
    program("openssl", "apt-get install openssl")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]
    openssl(folder, "req", *key, "server.key", "-out", "server.csr", "-subj", "/CN=127.0.0.1")
    openssl(folder, "req", "-x509", *key, "ca.key", "-out", "ca.crt", "-subj", "/CN=belfry bench",
            "-days", "30")
    with open(os.path.join(folder, "server.ext"), "w") as out:
        out.write("subjectAltName=IP:127.0.0.1\n")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-extfile", "server.ext", "-days", "30", "-out", "server.crt")
    os.chmod(os.path.join(folder, "server.key"), 0o644)  # brokers give up their privileges
    return ca


def transport_lines(transport, folder):
    """What a listener of tcp, tls, ws or wss says, and what the load generator does."""
    lines, arguments = [], []
    if transport in ("tls", "wss"):
        arguments += ["--cafile", certificates(folder)]
        lines += [f"cafile {folder}/ca.crt", f"certfile {folder}/server.crt",
                  f"keyfile {folder}/server.key"]
    if transport in ("ws", "wss"):
        arguments.append("--websocket")
        # Mosquitto 2.0.11 does not start when all its listeners are of this kind.
        lines += ["protocol websockets", f"listener {free_port()} 127.0.0.1"]
    return lines, arguments


@contextlib.contextmanager
def broker(path, folder, cpu=None, settings=LONG_QUEUES, transport="tcp", password_file=None,
           store=None, patience=5):
    """
    A fresh broker, Mosquitto's defaults but for the settings; `.arguments` is what lets the load
    generator reach it. `store` is the folder for what it keeps; None: it keeps nothing.
    """
    port = free_port()
    lines, arguments = transport_lines(transport, folder)
    if password_file:
        lines.append(f"password_file {password_file}")
    configuration = os.path.join(folder, f"broker-{port}.conf")
    with open(configuration, "w") as out:
        out.write(BROKER_CONFIGURATION.format(
            port=port, transport="\n".join(lines), settings=settings,
            anonymous="false" if password_file else "true",
            persistence=f"persistence true\npersistence_location {store}/" if store
            else "persistence false"))
    log = os.path.join(folder, f"broker-{port}.log")
    with daemon(path, [path, "-c", configuration], log, cpu) as process:
        process.port = port
        process.arguments = ["--port", port, "--broker-pid", process.pid, *arguments]
        wait_until(lambda: accepts_connections(port), patience, process, "the broker listens")
        yield process


def memory(pid, name):
    """Bytes of one of the kinds of memory that /proc tells of: VmRSS, RssAnon, …"""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    raise Failure(f"/proc/{pid}/status has no {name}")


def peak_memory(pid):
    """The most resident memory in bytes that the process has ever had."""
    return memory(pid, "VmHWM")


@contextlib.contextmanager
def standstill(process):
    """The program and all that came from it do nothing meanwhile."""
    pids = family(process.pid)
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def await_quiet(process, seconds=60):
    """Until it has hardly used a CPU for half a second."""
    end, before = time.monotonic() + seconds, family_cpu_ns(process.pid)
    while True:
        time.sleep(0.5)
        now = family_cpu_ns(process.pid)
        if now - before < 10e6:
            return
        if time.monotonic() > end:
            raise Failure(f"{process.name} is still busy after {seconds} s")
        before = now


class SteppedLoadgen:
    """A load generator that connects, waits for go(), and can be told to end."""

    def __init__(self, loadgen, arguments, prefix=()):
        self.process = subprocess.Popen(
            [*prefix, loadgen, *map(str, arguments), "--step", "--json"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()

    def _fail(self):
        words = self.process.stderr.read().strip()
        raise Failure(words or f"loadgen ended with status {self.process.wait()}")

    def wait_ready(self):
        if self.process.stdout.readline() != "ready\n":
            self._fail()

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self):
        """What it tells when it has come to its end."""
        line = self.process.stdout.readline()
        if not line:
            self._fail()
        return json.loads(line)

    def end(self):
        self.process.terminate()
        return self.result()


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
