"""A PostgreSQL of its own that lets in by TLS and password only, with certificates of its own authority."""
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from certificates import make_authority, make_certificate

BINARIES = next((path for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def quietly(*argv, **options):
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{argv}: {done.stderr}{done.stdout}"
    return done.stdout


class PostgresTls:
    user, password, database = "gatehouse_writer", "pg-pass/w0rd+never=shown", "bank"

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="gatehouse-tls-"))
        self.data = self.folder / "data"
        self.as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        make_authority(self.folder, "ca")
        make_authority(self.folder, "other-ca")
        make_certificate(self.folder, "ca", "database.test", "IP:127.0.0.1")
        self.make_cluster()

    def make_cluster(self):
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        self.folder.chmod(0o711)
        if self.as_owner:
            shutil.chown(self.folder, "postgres")
            for path in self.folder.iterdir():
                shutil.chown(path, "postgres")
        for path in self.folder.glob("*.crt"):
            path.chmod(0o644)
        quietly(*self.as_owner, BINARIES / "initdb", "-D", self.data, "-U", self.user, "-A", "scram-sha-256", "--no-sync",
                "--locale=C.UTF-8", f"--pwfile={password_file}", cwd="/")
        password_file.unlink()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{self.folder}'\nfsync = off\n"
                       f"ssl = on\nssl_cert_file = '{self.folder}/server.crt'\nssl_key_file = '{self.folder}/server.key'\n")
        (self.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        quietly(*self.as_owner, BINARIES / "pg_ctl", "-D", self.data, "-w", "-l", self.folder / "log", "start", cwd="/")
        self.run_sql("CREATE DATABASE bank", "postgres")

    def dsn(self, authority="ca", host="127.0.0.1", database=None, login=True):
        words = {"host": host, "port": self.port, "dbname": database or self.database, "sslmode": "verify-full",
                 "sslrootcert": self.folder / f"{authority}.crt"}
        if login:
            words.update(user=self.user, password=self.password)
        return " ".join(f"{name}='{value}'" for name, value in words.items())

    def run_sql(self, sql, database=None):
        login = {"PGUSER": self.user, "PGPASSWORD": self.password}
        return quietly("psql", self.dsn(database=database, login=False), "-Atqc", sql, env={**os.environ, **login})

    def close(self):
        subprocess.run([*self.as_owner, str(BINARIES / "pg_ctl"), "-D", str(self.data), "-m", "immediate", "stop"],
                       capture_output=True, cwd="/")
        shutil.rmtree(self.folder, ignore_errors=True)
