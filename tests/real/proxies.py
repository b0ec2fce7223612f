"""nginx as a reverse proxy with TLS and a path prefix, and tinyproxy as a forward proxy.

Both listen on free ports of the loopback interface, and keep all files in a directory of
their own.
"""
import getpass
import os
import subprocess

# As docs/servers.md says it.
NGINX = """
daemon off;
pid {home}/nginx.pid;
error_log {home}/nginx.log;
worker_processes 1;
{user}
events {{ }}
http {{
    access_log {home}/nginx-access.log;
    client_body_temp_path {home}/nginx-body;
    proxy_temp_path {home}/nginx-proxy;
    fastcgi_temp_path {home}/nginx-fastcgi;
    uwsgi_temp_path {home}/nginx-uwsgi;
    scgi_temp_path {home}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {home}/cert.pem;
        ssl_certificate_key {home}/key.pem;
        location /tools/everything/ {{
            proxy_pass http://127.0.0.1:{everything}/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 1h;
        }}
        location /tools/old/ {{
            proxy_pass http://127.0.0.1:{sse}/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 1h;
        }}
    }}
}}
"""

TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 600
Allow 127.0.0.1
MaxClients 50
LogFile "{home}/tinyproxy.log"
LogLevel Connect
"""


def program(name):
    """The path of a program; Debian keeps some where only root looks."""
    for directory in os.environ["PATH"].split(":") + ["/usr/sbin", "/usr/local/sbin"]:
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK):
            return path
    raise SystemExit(f"{name} is missing: run tests/packages")


def certificate(home):
    """A certificate of localhost that signs itself, and its key."""
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
         "-keyout", f"{home}/key.pem", "-out", f"{home}/cert.pem"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return f"{home}/cert.pem"


def nginx(home, port, everything, sse):
    """The command of nginx in front of two servers."""
    # Started by root, it would give its worker to a user who cannot enter the directory.
    user = "user root;" if getpass.getuser() == "root" else ""
    with open(f"{home}/nginx.conf", "w", encoding="utf-8") as file:
        file.write(NGINX.format(home=home, port=port, everything=everything, sse=sse, user=user))
    return [program("nginx"), "-e", f"{home}/nginx.log", "-p", home, "-c", f"{home}/nginx.conf"]


def tinyproxy(home, port):
    """The command of tinyproxy."""
    with open(f"{home}/tinyproxy.conf", "w", encoding="utf-8") as file:
        file.write(TINYPROXY.format(home=home, port=port))
    return [program("tinyproxy"), "-d", "-c", f"{home}/tinyproxy.conf"]


def seen(home):
    """What tinyproxy has been asked for."""
    with open(f"{home}/tinyproxy.log", encoding="utf-8") as file:
        return file.read()
