# SPDX-License-Identifier: MIT
"""A certificate authority made with the openssl tool: ca.crt, NAME.crt and NAME.key in a folder."""
import subprocess
from datetime import datetime, timedelta, timezone

from process import give_away

CONFIG = """
[ca]
default_ca = authority
[authority]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.crt
private_key = ca.key
default_md = sha256
default_crl_days = 30
policy = anything
unique_subject = no
copy_extensions = copy
[anything]
organizationName = optional
commonName = optional
[req]
distinguished_name = name
prompt = no
x509_extensions = own
[name]
commonName = test authority
[own]
basicConstraints = critical, CA:TRUE
"""

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
LOOPBACK = "DNS:localhost,IP:127.0.0.1"


class Pki:
    def __init__(self, folder):
        self.folder = give_away(folder)
        (folder / "ca.cnf").write_text(CONFIG)
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        self._openssl("req", "-x509", "-config", "ca.cnf", *KEY, "-keyout", "ca.key", "-out",
                      "ca.crt", "-days", "30")

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr.decode()

    def path(self, name):
        return self.folder / name

    def issue(self, name, subject=None, days=(-1, 10), names=LOOPBACK):
        """Valid from and until so many days from now, for these names. Returns (certificate, key)."""
        start, end = (f"{datetime.now(timezone.utc) + timedelta(d):%Y%m%d%H%M%SZ}" for d in days)
        self._openssl("req", "-new", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                      "-subj", subject or f"/O=test/CN={name}",
                      "-addext", f"subjectAltName={names}")
        self._openssl("ca", "-batch", "-config", "ca.cnf", "-in", f"{name}.csr", "-out",
                      f"{name}.crt", "-notext", "-startdate", start, "-enddate", end)
        return give_away(self.path(f"{name}.crt")), give_away(self.path(f"{name}.key"))

    def revoke(self, *names):
        """The list of all who are revoked, anew."""
        for name in names:
            self._openssl("ca", "-config", "ca.cnf", "-revoke", f"{name}.crt")
        self._openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "ca.crl")
        return self.path("ca.crl")
