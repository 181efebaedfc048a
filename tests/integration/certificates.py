"""Certificates for servers on loopback, by authorities of the test's own."""
import subprocess


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stderr}{done.stdout}"


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_authority(folder, name):
    """name.key and name.crt"""
    openssl("req", "-x509", *KEY, "-days", "2", "-subj", f"/CN=authority {name}", "-keyout", folder / f"{name}.key",
            "-out", folder / f"{name}.crt")


def make_certificate(folder, authority, name, *more_names):
    """server.key and server.crt, for the host name and more ("IP:127.0.0.1")."""
    names = folder / "names"
    names.write_text(f"subjectAltName={','.join([f'DNS:{name}', *more_names])}\n")
    openssl("req", *KEY, "-subj", f"/CN={name}", "-keyout", folder / "server.key", "-out", folder / "server.csr")
    openssl("x509", "-req", "-days", "2", "-in", folder / "server.csr", "-CA", folder / f"{authority}.crt",
            "-CAkey", folder / f"{authority}.key", "-CAcreateserial", "-extfile", names, "-out", folder / "server.crt")
