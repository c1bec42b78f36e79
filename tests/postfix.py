"""A private Postfix on loopback that delivers into Maildirs, for tests. Needs root.

temp@x.test is answered 451, perm@x.test 550; everyone else at x.test has a Maildir.
"""
import os
import shutil
import smtplib
import subprocess
import time
from pathlib import Path


class Postfix:
    def __init__(self, folder, port, tls=False):
        self.folder, self.port = Path(folder), port
        self.config, self.boxes = self.folder / "etc", self.folder / "boxes"
        for name in ("etc", "queue", "data", "boxes"):
            (self.folder / name).mkdir(parents=True)
        shutil.chown(self.folder / "data", "postfix")
        os.chmod(self.boxes, 0o777)
        for parent in (self.folder, *self.folder.parents):
            if os.stat(parent).st_uid == os.getuid() and parent != Path("/"):
                os.chmod(parent, os.stat(parent).st_mode | 0o755)
        for file in Path("/etc/postfix").glob("dynamicmaps.cf*"):
            (shutil.copytree if file.is_dir() else shutil.copy)(file, self.config / file.name)
        shutil.copy("/etc/postfix/postfix-files", self.config)
        self.write_master()
        self.write_main(tls)
        self.start()

    def write_master(self):
        lines = []
        for line in Path("/usr/share/postfix/master.cf.dist").read_text().splitlines():
            words = line.split()
            if len(words) >= 8 and not line.startswith(("#", " ")):
                if words[0] == "smtp" and words[1] == "inet":
                    words[0] = f"127.0.0.1:{self.port}"
                words[4] = "n"
                line = " ".join(words)
            lines.append(line)
        lines.append("postlog unix-dgram n - n - 1 postlogd")
        (self.config / "master.cf").write_text("\n".join(dict.fromkeys(lines)) + "\n")

    def write_main(self, tls):
        settings = {
            "compatibility_level": "3.6", "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data", "mail_owner": "postfix", "myhostname": "mail.x.test",
            "mydestination": "", "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8", "maillog_file": self.folder / "log", "maillog_file_prefixes": "/",
            "virtual_mailbox_domains": "x.test", "virtual_mailbox_base": self.boxes,
            "virtual_mailbox_maps": "static:all/", "virtual_uid_maps": "static:65534",
            "virtual_gid_maps": "static:65534", "smtpd_delay_reject": "no",
            "smtpd_recipient_restrictions": "check_recipient_access inline:{{temp@x.test = 451 4.7.1 try later}, "
                                            "{perm@x.test = 550 5.1.1 no such user}}, permit_mynetworks, reject",
            "default_process_limit": "20", "smtpd_client_connection_rate_limit": "0",
        }
        if tls:
            settings |= {"smtpd_tls_security_level": "may", "smtpd_tls_received_header": "yes", "smtpd_tls_cert_file": self.folder / "cert.pem",
                         "smtpd_tls_key_file": self.folder / "key.pem"}
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                            "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                            self.folder / "key.pem", "-out", self.folder / "cert.pem"],
                           check=True, capture_output=True)
        (self.config / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))

    def start(self):
        subprocess.run(["postfix", "-c", self.config, "start"], check=True, capture_output=True)
        for _ in range(1200):
            try:
                smtplib.SMTP("127.0.0.1", self.port, timeout=5).quit()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("Postfix did not start: " + (self.folder / "log").read_text())

    def stop(self):
        subprocess.run(["postfix", "-c", self.config, "stop"], capture_output=True)

    def waiting(self):
        """Messages accepted and not delivered yet."""
        return sum(1 for name in ("incoming", "active", "maildrop", "deferred")
                   for file in (self.folder / "queue" / name).rglob("*") if file.is_file())

    def messages(self, seconds=300):
        """Every message delivered, once the queue has run empty: twice, for a message moves while one looks."""
        end = time.monotonic() + seconds
        n_empty = 0
        while n_empty < 2 and time.monotonic() < end:
            n_empty = 0 if self.waiting() else n_empty + 1
            time.sleep(0.1)
        return [file.read_text() for file in (self.boxes / "all" / "new").glob("*")]
