"""The transparency ledger: what strangers see and can check, what it hides, and that nothing leaves without it.

The log is checked by tests/tlog_verify.go, which shares nothing with the program, and by the few lines of
RFC 6962 and C2SP below. TOCSIN_KILLS sets how often a writer is killed (40; the soak sets more).
"""
import base64
import datetime
import hashlib
import hmac
import http.client
import http.server
import itertools
import json
import os
import quopri
import random
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from conftest import DATA, PROGRAM, ROOT, Roster, Server, Site

KILLS = int(os.environ.get("TOCSIN_KILLS", "40"))
GATE = Path(PROGRAM).parent / "gate"
GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
TYPES = {"policy": 1, "disclosure": 2, "hour": 3, "watch_asked": 4, "watch_approved": 5, "watch_refused": 6,
         "watch_ended": 7}
DENIED = 0x80


# ── The tree, by RFC 6962 ─────────────────────────────────────────────────────────────────────────

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """Leaf hashes in order, and the root at every size that is asked for on the way."""

    def __init__(self):
        self.leaves, self.peaks = [], []  # peaks: (height, hash), largest first

    def add(self, leaf):
        self.leaves.append(leaf)
        height = 0
        while self.peaks and self.peaks[-1][0] == height:
            leaf = node_hash(self.peaks.pop()[1], leaf)
            height += 1
        self.peaks.append((height, leaf))

    def root(self):
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        hashes = [peak for _, peak in self.peaks]
        root = hashes.pop()
        while hashes:
            root = node_hash(hashes.pop(), root)
        return root


# ── Keys and notes, by C2SP; Ed25519 is OpenSSL's ─────────────────────────────────────────────────

def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, timeout=60)


class Signer:
    """A log's private key: one of a site, or a fresh one."""

    def __init__(self, folder, name=None, text=None):
        if text:
            _, _, name, _, material = text.strip().split("+", 4)
            self.type, self.seed = base64.b64decode(material)[:1], base64.b64decode(material)[1:]
        else:
            self.type, self.seed = b"\1", os.urandom(32)
        self.name, self.folder = name, Path(folder)
        self.key = self.folder / f"signer-{os.urandom(4).hex()}.der"
        self.key.write_bytes(bytes.fromhex("302e020100300506032b657004220420") + self.seed)
        public = openssl("pkey", "-inform", "DER", "-in", self.key, "-pubout", "-outform", "DER").stdout[-32:]
        assert len(public) == 32
        self.id = hashlib.sha256(name.encode() + b"\n" + self.type + public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(self.type + public).decode()}"

    def sign(self, text):
        message = self.folder / f"message-{os.urandom(4).hex()}"
        message.write_text(text, encoding="utf-8")
        signature = openssl("pkeyutl", "-sign", "-inkey", self.key, "-keyform", "DER", "-rawin", "-in", message).stdout
        assert len(signature) == 64
        return f"— {self.name} {base64.b64encode(self.id + signature).decode()}\n"

    def cosign(self, text, when):
        signature = base64.b64decode(self.sign(f"cosignature/v1\ntime {when}\n{text}").split(" ")[2])[4:]
        return f"— {self.name} {base64.b64encode(self.id + struct.pack('>Q', when) + signature).decode()}\n"

    def checkpoint(self, size, root, origin=None):
        text = f"{origin or self.name}\n{size}\n{base64.b64encode(root).decode()}\n"
        return text + "\n" + self.sign(text)


def cosignature_time(folder, note, vkey):
    """When the witness of that key signed the note; None if it did not."""
    name, _, material = vkey.split("+", 2)
    material = base64.b64decode(material)
    assert material[0] == 4
    key_id = hashlib.sha256(name.encode() + b"\n" + material).digest()[:4]
    text, _, lines = note.rpartition("\n\n")
    for line in lines.splitlines():
        _, signer, encoded = line.split(" ")
        raw = base64.b64decode(encoded)
        if signer != name or raw[:4] != key_id:
            continue
        when, = struct.unpack(">Q", raw[4:12])
        places = [Path(folder) / f"{what}-{os.urandom(4).hex()}" for what in ("public", "message", "signature")]
        for place, data in zip(places, (bytes.fromhex("302a300506032b6570032100") + material[1:],
                                        f"cosignature/v1\ntime {when}\n{text}\n".encode(), raw[12:])):
            place.write_bytes(data)
        done = openssl("pkeyutl", "-verify", "-pubin", "-inkey", places[0], "-keyform", "DER", "-rawin",
                       "-in", places[1], "-sigfile", places[2])
        return when if done.returncode == 0 else None
    return None


def parse_checkpoint(note):
    origin, size, root = note.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


# ── Logs as files, by C2SP tlog-tiles ─────────────────────────────────────────────────────────────

def tile_path(level, index, width):
    number = f"{index % 1000:03}"
    while index := index // 1000:
        number = f"x{index % 1000:03}/{number}"
    return f"tile/{level}/{number}" + (f".p/{width}" if width < 256 else "")


def write_log(folder, entries, signer, origin=None):
    """A log of these entries, and its checkpoint; returns the tree."""
    tree, level, row = Tree(), 0, []
    for entry in entries:
        tree.add(leaf_hash(entry))
    row = tree.leaves

    def write(path, data):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)

    for first in range(0, len(entries), 256):
        part = entries[first:first + 256]
        write(tile_path("entries", first // 256, len(part)),
              b"".join(struct.pack(">H", len(entry)) + entry for entry in part))
    while row:
        above = []
        for first in range(0, len(row), 256):
            part = row[first:first + 256]
            write(tile_path(level, first // 256, len(part)), b"".join(part))
            if len(part) == 256:
                while len(part) > 1:
                    part = [node_hash(*part[i:i + 2]) for i in range(0, len(part), 2)]
                above += part
        row, level = above, level + 1
    write("checkpoint", signer.checkpoint(len(entries), tree.root(), origin).encode())
    return tree


def split_bundle(data):
    entries = []
    while data:
        end = 2 + struct.unpack(">H", data[:2])[0]
        assert len(data) >= end
        entries.append(data[2:end])
        data = data[end:]
    return entries


def read_log(folder):
    """The entries of an exported log, and its checkpoint."""
    note = (folder / "checkpoint").read_text(encoding="utf-8")
    _, size, _ = parse_checkpoint(note)
    return note, [entry for first in range(0, size, 256)
                  for entry in split_bundle((folder / tile_path("entries", first // 256, min(256, size - first)))
                                            .read_bytes())]


class Entry:
    """176 bytes, as src/ledger/entry.h lays them out."""

    def __init__(self, raw):
        assert len(raw) == 176
        (magic, self.type, self.flags, self.jurisdiction, self.epoch, self.recipient, self.purpose, self.basis,
         self.data, self.policy, self.subject_tag, self.recipient_tag, self.body, self.payload) = struct.unpack(
             ">4sBBHIBBBB32s32s32s32s32s", raw)
        assert magic == b"CDL1"
        self.raw = raw


def commit_field(salt, name, value):
    return hashlib.sha256(b"\3" + salt + name.encode() + b"\0" + value.encode()).digest()


def commit(fields):
    return hashlib.sha256(b"\2" + b"".join(fields)).digest()


# ── Sites ─────────────────────────────────────────────────────────────────────────────────────────

@pytest.fixture(scope="session")
def go(tmp_path_factory):
    """The verifier that shares nothing with the program: go(LOCATION, VKEY, flags …) gives the process."""
    if not shutil.which("go") or not Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog").exists():
        pytest.skip("needs the Debian packages golang-go and golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    env = {"HOME": str(folder), **os.environ, **GO}
    built = subprocess.run(["go", "build", "-o", folder / "tlog_verify", ROOT / "tests" / "tlog_verify.go"],
                           capture_output=True, text=True, timeout=300, cwd=folder, env=env)
    assert built.returncode == 0, built.stderr

    def run(where, vkey, *flags, check=True):
        done = subprocess.run([folder / "tlog_verify", str(where), vkey, *map(str, flags)], capture_output=True,
                              text=True, timeout=600)
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    run.program = folder / "tlog_verify"
    return run


def gate(site, n, batch=1, threads=1, *more):
    if not GATE.exists():
        pytest.skip(f"needs {GATE}, which is built beside the program")
    done = subprocess.run([GATE, "append", site.path, *map(str, (n, batch, threads)), *more], capture_output=True,
                          text=True, timeout=600)
    assert done.returncode == 0, done.stderr


def vkey_of(site):
    return site.run("ledger", "checkpoint", "--vkey").stdout.strip()


def checkpoint_of(site):
    return site.run("ledger", "checkpoint").stdout


def signer_of(site, folder):
    return Signer(folder, text=(site.path / "keys" / "ledger.key").read_text())


def export(site, folder):
    site.run("ledger", "export", folder)
    return folder


def entries_of(site, folder):
    return [Entry(raw) for raw in read_log(export(site, folder))[1]]


def program(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=600)
    assert "AddressSanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


def verify(where, vkey):
    return program("ledger", "verify", where, "--key", vkey).returncode


def audit(where, vkey, memory):
    return program("ledger", "audit", where, "--key", vkey, "--to", memory).returncode


def hours_closed(site):
    """The hours that have their leaf, in order."""
    with tempfile.TemporaryDirectory() as folder:
        return [entry.epoch for entry in entries_of(site, Path(folder)) if entry.type == TYPES["hour"]]


def database(site, file="tocsin.db"):
    return closing(sqlite3.connect(site.path / file, timeout=60, isolation_level=None))


def edit(site, sql, *params):
    """What no command does and whoever has the disk can: changes the books, or spoils them. Gives how many rows."""
    with database(site) as db:
        return db.execute(sql, params).rowcount


def take_up(site, roster):
    site.run("feed", "add", roster.mapping)
    site.load("sample", roster.write("2025-04-01"))


def leaves(site, roster, day, *numbers, **options):
    """Those people are on the list no more."""
    for number in numbers:
        del roster.people[number]
    return site.load("sample", roster.write(day), **options)


IN_A_SECOND = "schedule: {retry: [1s], remind_every: 30m, give_up_after: 48h}\n"
REQUEST = {"recipient": "local_law_enforcement", "purpose": "criminal_investigation", "basis": "judicial_warrant",
           "document": "26CR101", "issuer": "District Court 4", "issued_on": "2025-03-01", "expires": "30d",
           "officer": "Det. Reed", "email": "reed@police.example", "pin": "1234"}


def ask(site, person, check=True, **more):
    words = [f"--{name.replace('_', '-')}={value}" for name, value in {**REQUEST, **more}.items()]
    done = site.run("agency", "ask", f"--person={person}", *words, "--json", check=check)
    return json.loads(done.stdout)["watch"] if done.returncode == 0 else None


def watch(site, person, **more):
    """An agency's watch, asked and approved."""
    asked = ask(site, person, **more)
    site.run("agency", "approve", asked, "--officer=Lt. Jail")
    return asked


def told(site, word):
    """The alerts in the mailbox whose text has the word."""
    plain = [quopri.decodestring(mail.encode()).decode() for mail in site.mail()]
    return [mail for mail in plain if "/c/" in mail and word in mail]


def get(server, path, method="GET", body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    """A site with a log of 100,000 entries."""
    site = Site(tmp_path_factory.mktemp("big") / "site")
    gate(site, 100000, 4000, 1)
    return site


# ── 1. A live log ─────────────────────────────────────────────────────────────────────────────────

def test_a_live_log_of_100000_entries_verifies_and_goes_on_verifying_as_it_grows(big, same_hour, serve, go, tmp_path):
    server, vkey, old = serve(big), vkey_of(big), tmp_path / "old"
    where = f"http://127.0.0.1:{server.port}/log"
    # The policy's entry and the last hour's come once, when it starts.
    server.wait_until(lambda: parse_checkpoint(get(server, "/log/checkpoint")[1].decode())[1] >= 100002)
    first = go(where, vkey, "-prove", 200, "-save", old).stdout
    size = int(re.match(r"ok size=(\d+) ", first).group(1))
    assert size >= 100000

    following = subprocess.Popen([go.program, where, vkey, "-old", old, "-each", "-until", str(size + 12 * 504), "-wait", "10m"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    exporting = subprocess.Popen([PROGRAM, "-C", big.path, "ledger", "export", tmp_path / "meanwhile"],
                                 stdout=subprocess.DEVNULL)
    seen = {}
    for _ in range(12):
        appending = subprocess.Popen([GATE, "append", big.path, "504", "4", "3"], stdout=subprocess.DEVNULL)
        is_over = False
        while not is_over:
            is_over = appending.poll() is not None
            note = get(server, "/log/checkpoint")[1].decode()
            seen[parse_checkpoint(note)[1]] = note
        assert appending.returncode == 0
    assert exporting.wait(600) == 0
    assert verify(tmp_path / "meanwhile", vkey) == 0 and go(tmp_path / "meanwhile", vkey, "-old", old)
    out, _ = following.communicate(timeout=600)
    assert following.returncode == 0 and f"ok size={size + 12 * 504} " in out, out

    # Every checkpoint that was shown on the way is of the same history.
    folder = export(big, tmp_path / "export")
    tree = Tree()
    for entry in read_log(folder)[1]:
        tree.add(leaf_hash(entry))
        if len(tree.leaves) in seen:
            assert parse_checkpoint(seen[len(tree.leaves)])[2] == tree.root()
    assert len(seen) >= 12 and max(seen) == size + 12 * 504
    for note in [seen[n] for n in sorted(seen)[:: max(1, len(seen) // 5)]]:
        old.write_text(note, encoding="utf-8")
        go(where, vkey, "-old", old)
    assert verify(where, vkey) == 0 and verify(folder, vkey) == 0


TESSERA_KEY = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


@pytest.mark.skipif(not (DATA / "tlog" / "tessera").exists(), reason="no tlog vectors in $TOCSIN_DATA")
def test_another_log_is_named_by_its_folder_or_by_any_checkpoint_in_it(tmp_path):
    log, mirror = tmp_path / "log", tmp_path / "new" / "mirror"
    shutil.copytree(DATA / "tlog" / "tessera", log)
    os.chmod(log, 0o755)
    for size in range(8):
        said = json.loads(program("ledger", "verify", log / f"checkpoint.{size}", "--vkey", TESSERA_KEY, "--json").stdout)
        assert (said["ok"], said["size"], said["signature_checked"]) == (True, size, True)
    for size in (0, 5, 7):  # a log without an entry is a log, too
        shutil.copyfile(DATA / "tlog" / "tessera" / f"checkpoint.{size}", log / "checkpoint")
        for where in (log, log / "checkpoint", f"file://{log}"):
            assert program("ledger", "audit", where, "--key", TESSERA_KEY, "--to", mirror).returncode == 0
    shutil.copyfile(DATA / "tlog" / "tessera" / "checkpoint.5", log / "checkpoint")
    assert program("ledger", "audit", log, "--key", TESSERA_KEY, "--to", mirror).returncode == 1  # rolled back


def test_a_new_site_has_a_checkpoint_of_its_policy(site):
    vkey = vkey_of(site)
    assert parse_checkpoint(checkpoint_of(site))[1] == 1
    site.run("ledger", "export", site.path / "exported")
    assert program("ledger", "verify", site.path / "exported", "--key", vkey).returncode == 0


def test_a_proof_checks_elsewhere_with_the_entrys_bytes_alone(big, go, tmp_path):
    vkey = vkey_of(big)
    size = parse_checkpoint(checkpoint_of(big))[1]
    proof, entry = tmp_path / "proof", tmp_path / "entry"
    entries = read_log(export(big, tmp_path / "log"))[1]
    for index in (0, 1, 255, 256, 65535, 65536, size - 1):
        proof.write_text(big.run("ledger", "prove", index, "--entry", entry).stdout, encoding="utf-8")
        assert entry.read_bytes() == entries[index]
        assert proof.read_text().startswith(f"c2sp.org/tlog-proof@v1\nindex {index}\n")
        assert f"ok size={size} " in go("-", vkey, "-proof", proof, "-entry", entry).stdout
        words = ["ledger", "verify", proof, "--key", vkey, "--entry", entry]
        assert program(*words).returncode == 0
        entry.write_bytes(entry.read_bytes()[:-1] + b"?")
        assert go("-", vkey, "-proof", proof, "-entry", entry, check=False).returncode == 1
        assert program(*words).returncode == 1
    assert big.run("ledger", "prove", size, check=False).returncode == 3
    assert big.run("ledger", "prove", "-1", check=False).returncode == 2
    assert big.run("ledger", "prove", "01", check=False).returncode == 2


def test_resources_are_served_as_tlog_tiles_says(big, same_hour, serve):
    server = serve(big)
    # The policy's entry and the last hour's come once, when it starts.
    server.wait_until(lambda: parse_checkpoint(get(server, "/log/checkpoint")[1].decode())[1] >= 100002)
    status, note, headers = get(server, "/log/checkpoint")
    assert status == 200 and headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["Cache-Control"] == "no-store" and headers["Access-Control-Allow-Origin"] == "*"
    size = parse_checkpoint(note.decode())[1]
    last, part = size // 256, size % 256
    there = {"tile/0/000": 8192, "tile/0/001": 8192, "tile/1/000": 8192, "tile/entries/000": 256 * 178,
             tile_path(0, last, part): 32 * part, tile_path("entries", last, part): 178 * part,
             tile_path(1, 1, last - 256): 32 * (last - 256), "tile/2/000.p/1": 32,
             # Partial ones of earlier trees stay.
             "tile/0/000.p/7": 7 * 32, "tile/entries/003.p/255": 255 * 178, "tile/1/000.p/200": 200 * 32}
    for path, length in there.items():
        status, data, headers = get(server, f"/log/{path}")
        assert (path, status, len(data)) == (path, 200, length)
        assert headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in headers["Cache-Control"] and "max-age=31536000" in headers["Cache-Control"]
        assert get(server, f"/log/{path}", "HEAD")[:2] == (200, b"")
    for path in ("tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/07", "tile/0/000/", "tile/00/000",
                 "tile/64/000", "tile/63/000", "tile/3/000", "tile/0/x000/000", "tile/0/x000/x000/000",
                 tile_path(0, last, 256), tile_path(0, last, part + 1), "tile/2/000", "tile/8/0/000", "tile/data/000",
                 "tile/entries/999", "tile/0/x999/x999/x999/x999/x999/x999/x999/999", "Checkpoint", "checkpoint/",
                 "../keys/ledger.key", "%2e%2e/keys/ledger.key", "tile/0/..%2f..", "tile/0/" + "x001/" * 40 + "000"):
        status, _, headers = get(server, f"/log/{path}")
        assert (path, status) == (path, 400 if "%" in path else 404) and headers["Cache-Control"] == "no-store"
    assert get(server, "/log/checkpoint", "POST", b"")[0] == 405


# ── 2. Copies, and what was done to them ──────────────────────────────────────────────────────────

@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A log of 700 entries as files, its key, and an auditor's memory of it."""
    folder = tmp_path_factory.mktemp("kept")
    site = Site(folder / "site")
    gate(site, 700, 100)
    copy, vkey = export(site, folder / "log"), vkey_of(site)
    assert audit(copy, vkey, folder / "memory") == 0
    return site, copy, vkey, folder / "memory"


@pytest.fixture(scope="module")
def kept_big(big, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    return export(big, folder / "log"), vkey_of(big)


def flip(at):
    def damage(data):
        i = int((len(data) - 1) * at)
        return data[:i] + bytes([data[i] ^ 1]) + data[i + 1:]
    return damage


DAMAGES = {"first bit": flip(0), "middle bit": flip(0.5), "last bit": flip(1), "shorter": lambda data: data[:-1],
           "half": lambda data: data[:len(data) // 2], "empty": lambda data: b"", "gone": lambda data: None,
           "longer by a byte": lambda data: data + b"\0", "longer by itself": lambda data: data + data}
FILES = ["checkpoint", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001",
         "tile/entries/002.p/188"]


def damaged(file, damage):
    """Replaces the file's bytes; returns what puts them back."""
    whole = file.read_bytes()
    data = damage(whole)
    file.unlink() if data is None else file.write_bytes(data)
    return lambda: file.write_bytes(whole)


@pytest.mark.full
@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("path", FILES)
def test_any_damage_to_a_copy_is_seen(kept, go, path, name):
    _, copy, vkey, memory = kept
    remembered = (memory / "checkpoint").read_bytes()
    undo = damaged(copy / path, DAMAGES[name])
    try:
        assert go(copy, vkey, check=False).returncode == (2 if (path, name) == ("checkpoint", "gone") else 1)
        assert verify(copy, vkey) == 1
        assert audit(copy, vkey, memory) == 1
    finally:
        undo()
    assert (memory / "checkpoint").read_bytes() == remembered


@pytest.mark.full
@pytest.mark.parametrize("path, name", [("tile/1/000", "last bit"), ("tile/1/000", "half"), ("tile/1/000", "gone"),
                                        ("tile/2/000.p/1", "middle bit"), ("tile/0/300", "gone"),
                                        ("tile/entries/300", "middle bit")])
def test_damage_to_the_upper_tiles_of_a_large_copy_is_seen(kept_big, go, path, name):
    copy, vkey = kept_big
    undo = damaged(copy / path, DAMAGES[name])
    try:
        assert verify(copy, vkey) == 1
        assert go(copy, vkey, check=False).returncode == 1
    finally:
        undo()


def test_an_entry_replaced_with_its_tiles_is_seen(kept, go, tmp_path):
    site, copy, vkey, _ = kept
    note, entries = read_log(copy)
    signer = signer_of(site, tmp_path)
    for index in (0, 300, 699):
        changed = entries[:index] + [entries[index][:-1] + b"?"] + entries[index + 1:]
        folder = tmp_path / str(index)
        tree = write_log(folder, changed, signer)
        recomputed = (folder / "checkpoint").read_text(encoding="utf-8")
        text, _, _ = recomputed.rpartition("\n\n")
        other = Signer(tmp_path, name=signer.name)
        for checkpoint in (note,                                              # the old one
                           text + "\n\n" + note.rpartition("\n\n")[2],        # the new root under the old signature
                           other.checkpoint(700, tree.root()),                # … under somebody else's
                           signer.checkpoint(700, tree.root(), "another.example/log"),
                           text + "\n"):
            (folder / "checkpoint").write_text(checkpoint, encoding="utf-8")
            assert verify(folder, vkey) == 1
            assert go(folder, vkey, check=False).returncode == 1
        # Only the bundle and its level 0 tile, as somebody with write access to two files would.
        half = tmp_path / f"{index}-half"
        shutil.copytree(copy, half)
        for level in ("entries", 0):
            path = tile_path(level, index // 256, 188 if index > 511 else 256)
            shutil.copyfile(folder / path, half / path)
        assert verify(half, vkey) == 1 and go(half, vkey, check=False).returncode == 1


def test_a_forked_or_shortened_log_signed_by_its_own_key_is_seen_by_who_remembers(kept, go, tmp_path):
    site, copy, vkey, memory = kept
    _, entries = read_log(copy)
    signer, more = signer_of(site, tmp_path), [b"%d" % i for i in range(100)]
    changed = entries[:300] + [b"another"] + entries[301:]
    assert signer.vkey == vkey
    for name, fork in (("same size", changed), ("longer", changed + more), ("last entry", entries[:-1] + [b"another"]),
                       ("shorter", entries[:-1]), ("much shorter", entries[:256]), ("shorter fork", changed[:600])):
        folder, own = tmp_path / name, tmp_path / f"memory of {name}"
        write_log(folder, fork, signer)
        shutil.copytree(memory, own)
        # It is a log; that it is not this log only memory can tell.
        assert verify(folder, vkey) == 0 and go(folder, vkey).returncode == 0, name
        assert audit(folder, vkey, own) == 1, name
        assert go(folder, vkey, "-old", memory / "checkpoint", check=False).returncode == 1, name
        assert (own / "checkpoint").read_bytes() == (memory / "checkpoint").read_bytes()
        assert verify(own, vkey) == 0, "the auditor's copy is spoilt"
    write_log(tmp_path / "honest", entries + more, signer)
    shutil.copytree(memory, tmp_path / "own")
    assert audit(tmp_path / "honest", vkey, tmp_path / "own") == 0
    assert verify(tmp_path / "own", vkey) == 0
    assert audit(copy, vkey, tmp_path / "own") == 1  # which has become a rollback


def test_a_second_site_with_the_same_key_is_a_fork(kept, site, tmp_path):
    first, _, vkey, memory = kept
    shutil.copyfile(first.path / "keys" / "ledger.key", site.path / "keys" / "ledger.key")
    gate(site, 701, 100, 1)
    edit(site, "UPDATE ledger_entry SET entry = ? WHERE idx = 5", b"another")  # its tiles' hashes stay
    assert verify(export(site, tmp_path / "changed later"), vkey) == 1
    twin = Site(tmp_path / "twin")
    shutil.copyfile(first.path / "keys" / "ledger.key", twin.path / "keys" / "ledger.key")
    gate(twin, 701, 1, 7)
    assert verify(export(twin, tmp_path / "fork"), vkey) == 0
    shutil.copytree(memory, tmp_path / "memory")
    assert audit(tmp_path / "fork", vkey, tmp_path / "memory") == 1


def test_exports_and_audits_add_what_is_new(same_hour, site, serve, go, tmp_path):
    gate(site, 600, 100)
    vkey, copy, mirror = vkey_of(site), export(site, tmp_path / "export"), tmp_path / "mirror"
    assert audit(copy, vkey, mirror) == 0
    before = {file: file.stat().st_mtime_ns for folder in (copy, mirror) for file in folder.rglob("*")
              if file.is_file() and file.name != "checkpoint"}
    gate(site, 200, 100)
    export(site, copy)
    assert audit(copy, vkey, mirror) == 0
    assert all(file.stat().st_mtime_ns == mtime for file, mtime in before.items())
    assert len(before) < sum(1 for folder in (copy, mirror) for file in folder.rglob("*") if file.is_file()) - 2
    server = serve()
    # The policy's entry and the last hour's come once, when it starts.
    server.wait_until(lambda: parse_checkpoint(get(server, "/log/checkpoint")[1].decode())[1] >= 802)
    gate(site, 5)
    where = f"http://127.0.0.1:{server.port}/log"
    assert audit(where, vkey, mirror) == 0
    note = get(server, "/log/checkpoint")[1]
    assert (mirror / "checkpoint").read_bytes() == note
    assert go(mirror, vkey, "-prove", 20).returncode == 0 and verify(mirror, vkey) == 0
    # Without --to the memory is the user's, by origin.
    home = {"XDG_DATA_HOME": str(tmp_path / "home")}
    for _ in range(2):
        site.run("ledger", "audit", where, "--key", vkey, env=home)
    kept, = (tmp_path / "home" / "tocsin" / "audit").iterdir()
    assert (kept / "checkpoint").read_bytes() == note


def test_what_cannot_be_read_is_told_from_what_is_wrong(kept, tmp_path):
    _, copy, vkey, _ = kept
    other = Signer(tmp_path, name=vkey.split("+")[0]).vkey
    assert verify(copy, vkey) == 0
    assert verify(copy, other) == 1
    assert program("ledger", "verify", copy, "--key", "nonsense").returncode == 3
    assert program("ledger", "verify", copy, "--key", vkey.replace("+", "+0", 1)).returncode == 3
    assert program("ledger", "verify").returncode == 2
    assert verify("http://127.0.0.1:1/log", vkey) == 9
    unsigned = program("ledger", "verify", copy)
    assert unsigned.returncode == 0 and "NO SIGNATURE WAS CHECKED" in unsigned.stdout
    done = program("ledger", "verify", copy, "--key", other, "--json")
    assert json.loads(done.stdout)["ok"] is False


# ── 3. A writer killed at any moment ──────────────────────────────────────────────────────────────

def killed_appends(site, rng):
    """Appends until it is killed; gives {index: leaf hash} of what was acknowledged."""
    process = subprocess.Popen([GATE, "append", site.path, "1000000", str(rng.choice([1, 2, 7, 40])),
                                str(rng.choice([1, 3, 8])), "acks"], stdout=subprocess.PIPE)
    # Every other one only after its first acknowledgement: a slow machine may take long to get there.
    out = process.stdout.readline() if rng.random() < 0.5 else b""
    timer = threading.Timer(rng.uniform(0.0, 0.2), process.send_signal, [signal.SIGKILL])
    timer.start()
    out += process.stdout.read()
    timer.join()
    assert process.wait(60) == -signal.SIGKILL
    whole = out[:out.rfind(b"\n") + 1].decode().splitlines()
    acks = [(int(index), base64.b64decode(leaf)) for index, leaf in (line.split() for line in whole)]
    assert len(dict(acks)) == len(acks), "an index was given out twice"
    return dict(acks)


@pytest.mark.soak("kills")
@pytest.mark.full
def test_what_was_acknowledged_outlives_kills_and_history_only_grows(site, go, tmp_path):
    rng, tree, acked, vkey = random.Random(7), Tree(), {}, None
    roots, copy = {}, tmp_path / "export"  # what checkpoints said, by size
    for kill in range(KILLS):
        acks = killed_appends(site, rng)
        assert not acked.keys() & acks.keys()
        acked.update(acks)
        done = None
        if kill % 4 == 0 or KILLS < 8:  # the program is the first to see what the kill has left
            done = site.run("ledger", "checkpoint", check=False)
        with database(site) as db:  # past the program, which could mend what it opens
            assert db.execute("PRAGMA quick_check").fetchone()[0] == "ok" if kill % 10 == 0 else True
            n, top = db.execute("SELECT count(*), max(idx) FROM ledger_entry").fetchone()
            size, signed, note = db.execute("SELECT size, signed_size, checkpoint FROM ledger_head").fetchone()
            fresh = db.execute("SELECT idx, entry FROM ledger_entry WHERE idx >= ? ORDER BY idx", (len(tree.leaves),))
            for index, entry in fresh:
                assert index == len(tree.leaves)
                tree.add(leaf_hash(entry))
        assert not done or done.returncode == (0 if n else 4)
        if not n:
            assert not acked and size == 0
            continue
        assert n == top + 1 == size == signed == len(tree.leaves)
        assert all(tree.leaves[index] == leaf for index, leaf in acks.items())
        origin, noted, root = parse_checkpoint(note)
        assert (noted, root) == (size, tree.root())
        assert roots.setdefault(size, note) == note or parse_checkpoint(roots[size])[2] == root
        vkey = vkey or vkey_of(site)
        if kill % max(10, KILLS // 10) == 9:
            export(site, copy)
            assert verify(copy, vkey) == 0
    assert acked and len(tree.leaves) >= len(acked)
    export(site, copy)
    whole = Tree()
    for entry in read_log(copy)[1]:
        whole.add(leaf_hash(entry))
        if len(whole.leaves) in roots:
            assert parse_checkpoint(roots[len(whole.leaves)])[2] == whole.root()
    assert whole.leaves == tree.leaves
    assert all(whole.leaves[index] == leaf for index, leaf in acked.items())
    old = tmp_path / "old"
    for size in sorted(roots)[:: max(1, len(roots) // 10)]:
        old.write_text(roots[size], encoding="utf-8")
        go(copy, vkey, "-old", old, "-prove", 5)


# ── 4. What the log does not tell ─────────────────────────────────────────────────────────────────

def hours_pass(site, server, hours=3):
    """So many hours get their leaves, which it gives: the one before this, this one, in which everything was told, and
    those that pass."""
    server.wait_until(lambda: hours_closed(site))
    site.later(hours=hours - 1)
    first = hours_closed(site)[0]
    server.wait_until(lambda: len(hours_closed(site)) >= hours)
    return list(range(first, first + hours))


def public_files(folder):
    return {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*") if file.is_file()}


@pytest.mark.full
def test_one_registration_more_changes_no_name_or_size_of_a_public_file(tmp_path):
    def county(name, is_registered):
        site, roster = Site(tmp_path / name), Roster(tmp_path / f"feed-{name}")
        site.configure("schedule: {retry: [1m], remind_every: 5d, give_up_after: 10d}\n")  # no reminder yet
        take_up(site, roster)
        if is_registered:
            site.register(1005)
        watch(site, 1005)
        ask(site, 1006, check=False, recipient="immigration_agency", purpose="immigration_enforcement",
            basis="administrative_subpoena", document="A1")
        leaves(site, roster, "2025-04-02", 1005, 1007)
        server = Server(site)
        hours_pass(site, server)
        assert server.stop() == 0
        assert len(told(site, "Sample5")) == 1 + is_registered
        return export(site, tmp_path / f"{name}-log")

    for attempt in range(3):
        hour = int(time.time()) // 3600
        one, other = county(f"with{attempt}", True), county(f"without{attempt}", False)
        if hour == int(time.time()) // 3600:
            break
    assert public_files(one) == public_files(other)
    note, entries = read_log(one)
    other_note, other_entries = read_log(other)
    assert len(note) == len(other_note) and note.split("\n")[:2] == other_note.split("\n")[:2]
    assert len(entries) == len(other_entries) == 8
    for a, b in zip(entries, other_entries):
        assert a[:48] == b[:48]  # all that is in the clear
        assert not {a[i:i + 32] for i in range(48, 176, 32)} & {b[i:i + 32] for i in range(48, 176, 32)}
    assert [entry[4] for entry in entries] == [1, 4, 5, 6, 2, 3, 3, 3]


SECRETS = ["QUILLFEATHER", "OBADIAH", "1931-07-29", "7731905005", "BKG-88190442", "obadiah.sister@families.example",
           "+1 406 555 0188", "Det. Marisol Vantongeren", "vantongeren@police.example", "Lt. Ezekiel Thornbury",
           "26CR-4471882", "District Court of Tumbleweed County"]


def forms_of(value):
    """A value as it might stand somewhere: as it is, and under hashes that anybody can compute."""
    for text in {value, value.upper(), value.lower(), value.title(), value.casefold().strip()}:
        plain = text.encode()
        yield plain
        yield base64.b64encode(plain).rstrip(b"=")[:-1]
        digests = [new(plain).digest() for new in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.sha512)]
        digests += [hmac.new(b"", plain, "sha256").digest(), hmac.new(bytes(32), plain, "sha256").digest()]
        digests += [leaf_hash(plain), commit([plain])]
        digests += [commit_field(salt, name, text) for salt in (b"", bytes(16)) for name in
                    ("", "person", "name", "document", "issuer", "officer", "asked_by", "watch", "alert")]
        for digest in digests:
            yield digest[:14]
            yield digest.hex()[:24].encode()
            yield base64.b64encode(digest)[:24]


@pytest.fixture
def private(site, tmp_path):
    """A site about people with names that stand out; gives it, its roster and its secrets."""
    roster = Roster(tmp_path / "feed")
    roster.people = {n: p for n, p in roster.people.items() if n < 1050}
    roster.people[7731905005] = {**roster.people[1005], "last": "QUILLFEATHER", "first": "OBADIAH", "dob": "1931-07-29",
                                 "booking": "BKG-88190442"}
    take_up(site, roster)
    secrets = list(SECRETS) + ["OBADIAH QUILLFEATHER", "QUILLFEATHER, OBADIAH", "QUILLFEATHEROBADIAH1931-07-29"]
    secrets.append(site.register(7731905005, email="obadiah.sister@families.example"))
    asked = ask(site, 7731905005, officer="Det. Marisol Vantongeren", email="vantongeren@police.example",
                document="26CR-4471882", issuer="District Court of Tumbleweed County")
    site.run("agency", "approve", asked, "--officer=Lt. Ezekiel Thornbury")
    ask(site, 7731905005, check=False, recipient="immigration_agency", purpose="immigration_enforcement",
        basis="administrative_subpoena", document="26CR-4471882", officer="Det. Marisol Vantongeren")
    leaves(site, roster, "2025-04-02", 7731905005)
    assert len(told(site, "Quillfeather")) == 2
    secrets += [asked] + [alert["alert"] for alert in site.json("alert", "list")]
    return site, roster, secrets


def test_nothing_personal_is_in_any_public_resource(same_hour, private, serve, tmp_path):
    site, _, secrets = private
    server = serve()
    hours_pass(site, server)
    folder = export(site, tmp_path / "log")
    public = {}
    for path in public_files(folder):
        status, data, headers = get(server, f"/log/{path}")
        assert status == 200 and data == (folder / path).read_bytes()
        public[path] = data + repr(sorted(headers.items())).encode()
    size = parse_checkpoint((folder / "checkpoint").read_text(encoding="utf-8"))[1]
    for n in range(1, size):  # and what earlier readers got
        public[f"{n}"] = get(server, f"/log/tile/entries/000.p/{n}")[1] + get(server, f"/log/tile/0/000.p/{n}")[1]
    public["statistics"] = site.run("ledger", "statistics", "--json").stdout.encode()
    everything = b"\n".join(public.values())
    assert size >= 8 and len(secrets) > 15
    for value in secrets:
        for form in forms_of(value):
            assert len(form) < 6 or form not in everything, (value, form)


def kept_keys(site, kind):
    """By name, past the program: it shows no key of a tag and no salt that says nothing, and both must add up."""
    with database(site, "keys/contacts.db") as db:
        return dict(db.execute("SELECT registration_id, box FROM contact_key WHERE registration_id LIKE ?",
                               (f"{kind}:%",)))


def opened(site, index):
    """The fields and salts behind an entry, as the operator has them: ([(name, value, salt)], the same).

    A list without fields has one that is called nothing and says nothing."""
    shown = json.loads(site.run("ledger", "open", index).stdout)["opened"]
    lists = [[(field["name"], field["value"], base64.b64decode(field["salt"])) for field in shown[which]]
             for which in ("body", "payload")]
    salts = b"".join(salt for fields in lists for _, _, salt in fields)
    kept, = (kept for kept in kept_keys(site, "salts").values() if kept.startswith(salts))
    assert len(kept) == 16 * sum(max(1, len(fields)) for fields in lists) and lists[0]
    return [lists[0], lists[1] or [("", "", kept[len(salts):])]]


def test_a_commitment_opens_with_its_salts_and_to_nobody_after_shredding(private, tmp_path):
    site, roster, _ = private
    entries = entries_of(site, tmp_path / "log")
    mine = [i for i, entry in enumerate(entries) if entry.type in (2, 4, 5, 6)]
    assert len(mine) == 4
    salts, pairs = set(), set()
    for i in mine:
        body, payload = opened(site, i)
        pairs |= {f'["{n}","{v}"]'.encode() for n, v, _ in body + payload if n}
        assert commit([commit_field(s, n, v) for n, v, s in body]) == entries[i].body
        assert commit([commit_field(s, n, v) for n, v, s in payload]) == entries[i].payload
        salts |= {s for _, _, s in body + payload}
        if entries[i].type == TYPES["disclosure"]:
            assert dict((n, v) for n, v, _ in payload)["name"] == "Obadiah Quillfeather"
            told_of = payload
            # One field is shown with its salt, the others as hashes.
            hashes = [commit_field(s, n, v) for n, v, s in payload]
            k = [n for n, _, _ in payload].index("name")
            hashes[k] = commit_field(payload[k][2], "name", "Obadiah Quillfeather")
            assert commit(hashes) == entries[i].payload
            hashes[k] = commit_field(payload[k][2], "name", "Somebody Else")
            assert commit(hashes) != entries[i].payload
    year = time.gmtime().tm_year
    (tag_id, tag_key), = kept_keys(site, "tag:person").items()
    assert tag_id.endswith(f":{year}") and len(tag_key) == 32
    kept = (site.path / "keys" / "contacts.db").read_bytes()
    assert tag_key in kept and all(salt in kept for salt in salts)
    kept = b"".join(file.read_bytes() for file in site.path.glob("tocsin.db*"))
    assert len(pairs) > 15 and all(pair in kept for pair in pairs)

    assert site.json("ledger", "shred", "7731905005") == [{"shredded": 4}]
    shown = site.json("ledger", "subject", "7731905005")
    assert [(d["entry"], d["opens"], d.get("fields")) for d in shown] == [(i, False, None) for i in mine]
    assert "shredded" in site.run("ledger", "subject", "7731905005").stdout
    assert verify(export(site, tmp_path / "log"), vkey_of(site)) == 0
    assert [e.raw for e in entries_of(site, tmp_path / "log")] == [e.raw for e in entries]
    # Neither salts, the tags' key nor a field are in any file of the site any more, free pages and journals included.
    for file in site.path.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert tag_key not in data and not any(secret in data for secret in salts | pairs), file
    # Whoever knows all but the salts, and guesses every name and day of birth, finds nothing.
    names = [f"{p['first']} {p['last']}".title() for p in roster.people.values()] + ["Obadiah Quillfeather"]
    days = [f"19{y}-{m:02}-{d:02}" for y in (31, 80) for m in (1, 7) for d in (29, 31)]
    disclosure, = (entry for entry in entries if entry.type == TYPES["disclosure"])
    public = {entry.raw[i:i + 32] for entry in entries for i in range(16, 176, 32)}
    for name in names:
        for guess in [name] + [f"{name} {day}" for day in days] + [f"{name}{day}" for day in days]:
            for salt in (b"", bytes(16), b"\xff" * 16, disclosure.subject_tag[:16], disclosure.policy[:16]):
                fields = [commit_field(salt, n, guess if n == "name" else v) for n, v, _ in told_of]
                assert commit(fields) not in public and not set(fields) & public
                assert hmac.new(salt, guess.encode(), "sha256").digest() not in public
    # Shredding again is harmless, and what comes later has a key of its own.
    assert site.json("ledger", "shred", "7731905005") == [{"shredded": 0}]
    ask(site, 7731905005, document="another", officer="Det. Low")
    shown = site.json("ledger", "subject", "7731905005")
    assert [d["tag_number"] for d in shown] == [0, 1, 2, 3, 4] and [d["opens"] for d in shown] == [False] * 4 + [True]


def test_a_shredded_body_is_in_no_file(private):
    site, _, _ = private
    body = b'["document","26CR-4471882"]'
    assert any(body in file.read_bytes() for file in site.path.glob("tocsin.db*"))
    site.run("ledger", "shred", "7731905005")
    assert [file.name for file in site.path.rglob("*") if file.is_file() and body in file.read_bytes()] == []


# ── 5. Agencies ───────────────────────────────────────────────────────────────────────────────────

def tag(key, counter):
    return hmac.new(key, struct.pack(">Q", counter), "sha256").digest()


def test_every_step_of_an_agency_is_an_entry_and_a_victims_alert_is_none(site, roster, tmp_path):
    take_up(site, roster)
    for person in (1005, 1006):
        site.register(person)
    assert parse_checkpoint(checkpoint_of(site))[1] == 1  # of the policy: who registers makes none
    first = watch(site, 1005)
    refused = ask(site, 1006, document="26CR102", officer="Det. Low")
    site.run("agency", "refuse", refused, "--officer=Lt. Jail", "--reason=No case number")
    denied = dict(recipient="immigration_agency", purpose="immigration_enforcement", basis="administrative_subpoena",
                  document="A1", officer="X", email="x@ice.example")
    assert site.run("agency", "ask", "--person=1005", *[f"--{k.replace('_', '-')}={v}" for k, v in
                                                       {**REQUEST, **denied}.items()], check=False).returncode == 5
    assert site.run("agency", "approve", refused, "--officer=Lt. Jail", check=False).returncode == 6
    second = ask(site, 1007, document="26CR103")
    assert site.run("agency", "approve", second, "--officer=det. reed ", check=False).returncode == 5
    site.run("agency", "approve", second, "--officer=Lt. Jail")
    size = len(entries_of(site, tmp_path / "log"))
    leaves(site, roster, "2025-04-02", 1006)  # only a victim is told
    assert len(told(site, "Sample6")) == 1
    assert len(entries_of(site, tmp_path / "log")) == size
    leaves(site, roster, "2025-04-03", 1005)  # a victim and an agency are
    assert len(told(site, "Sample5")) == 2
    site.run("agency", "end", second)
    leaves(site, roster, "2025-04-04", 1007)
    assert told(site, "Sample7") == []

    entries = entries_of(site, tmp_path / "log")
    expected = [("policy", 0), ("watch_asked", 0), ("watch_approved", 0), ("watch_asked", 0), ("watch_refused", 0),
                ("watch_refused", DENIED), ("watch_asked", 0), ("watch_approved", 0), ("disclosure", 0),
                ("watch_ended", 0)]
    assert [(e.type, e.flags & 0x80) for e in entries] == [(TYPES[name], flags) for name, flags in expected]
    assert not any(e.flags & 0x70 for e in entries) and {e.flags & 0x0F for e in entries[1:]} == {entries[1].flags & 15}
    hour = int(time.time()) // 3600
    assert all(hour - 1 <= e.epoch <= hour for e in entries)
    assert len({e.policy for e in entries}) == 1
    agency, ice = entries[1], entries[5]
    assert all((e.recipient, e.purpose, e.basis) == (agency.recipient, agency.purpose, agency.basis)
               for e in entries[1:5] + entries[6:])
    assert (ice.recipient, ice.purpose, ice.basis) != (agency.recipient, agency.purpose, agency.basis)
    assert len({h for e in entries for h in (e.subject_tag, e.recipient_tag, e.body, e.payload)}) == 4 * len(entries)

    # Tags count up without a gap, person by person and agency by agency.
    keys, subjects, recipients = kept_keys(site, "tag"), {}, {}
    for name, key in keys.items():
        for counter in range(20):
            for found, hashes in ((subjects, [e.subject_tag for e in entries]),
                                  (recipients, [e.recipient_tag for e in entries])):
                if tag(key, counter) in hashes:
                    found.setdefault(name, []).append((counter, hashes.index(tag(key, counter))))
    by_counter = sorted([i for _, i in numbered] for numbered in subjects.values())
    assert by_counter == [[1, 2, 5, 8], [3, 4], [6, 7, 9]]
    by_recipient = sorted([i for _, i in numbered] for numbered in recipients.values())
    assert by_recipient == [[1, 2, 3, 4, 6, 7, 8, 9], [5]]
    for numbered in [*subjects.values(), *recipients.values()]:
        assert [counter for counter, _ in numbered] == list(range(len(numbered)))

    shown = site.json("ledger", "subject", "1005")
    assert [(d["entry"], d["type"], d["denied"], d["tag_number"]) for d in shown] == [
        (1, "watch_asked", False, 0), (2, "watch_approved", False, 1), (5, "watch_refused", True, 2),
        (8, "disclosure", False, 3)]
    assert dict(shown[1]["fields"]["body"])["officer"] == "Lt. Jail"
    assert dict(shown[3]["fields"]["body"])["watch"] == first
    assert "ana@example.org" not in site.run("ledger", "subject", "1005").stdout
    assert site.run("ledger", "subject", "1008").stdout.startswith("0 entries")
    report = {(r["recipient"], r["basis"]): r for r in site.json("ledger", "report")}
    row = report["local_law_enforcement", "judicial_warrant"]
    assert (row["asked"], row["refused"], row["alerts"]) == (3, 1, 1)


def test_the_receipt_names_the_entry(site, roster, tmp_path):
    take_up(site, roster)
    watch(site, 1005)
    watch(site, 1006, document="26CR102", officer="Det. Low")
    site.register(1006)
    leaves(site, roster, "2025-04-02", 1005, 1006)
    entries = entries_of(site, tmp_path / "log")
    origin = vkey_of(site).split("+")[0]
    found = []
    for mail in told(site, "left") + told(site, "no longer"):
        text = " ".join(mail.split("<html")[0].split())
        receipt = re.search(r"disclosure log, (\S+), entry (\d+)\.", text)
        if "ana@example.org" in text:
            assert not receipt and "Receipt" not in text  # a victim's has its place in the hour's leaf
            continue
        assert receipt.group(1) == origin
        index, alert = int(receipt.group(2)), re.search(r"Message-ID: <(\w+)\.0@", mail).group(1)
        body, payload = opened(site, index)
        assert entries[index].type == TYPES["disclosure"] and not entries[index].flags & DENIED
        assert (payload[0][0], payload[0][1]) == ("alert", alert)
        assert commit([commit_field(s, n, v) for n, v, s in payload]) == entries[index].payload
        found.append(index)
    assert len(set(found)) == 2


def test_what_is_taken_from_or_changed_in_the_operators_books_is_seen(site, roster, tmp_path):
    take_up(site, roster)
    watch(site, 1005)
    ask(site, 1005, document="26CR102", officer="Det. Low")
    ask(site, 1006, document="26CR103", officer="Det. Low")
    leaves(site, roster, "2025-04-02", 1005)
    mine = [d["entry"] for d in site.json("ledger", "subject", "1005")]
    assert len(mine) == 4
    other, = [d["entry"] for d in site.json("ledger", "subject", "1006")]
    raw = [entry.raw for entry in entries_of(site, tmp_path / "log")]

    def subject_after(*statements, person="1005"):
        twin = Site.__new__(Site)
        twin.path = tmp_path / f"twin{os.urandom(4).hex()}"
        shutil.copytree(site.path, twin.path)
        for sql, *params in statements:
            assert edit(twin, sql, *params) == 1
        return twin.run("ledger", "subject", person, check=False)

    assert subject_after().returncode == 0
    for index in mine:
        assert subject_after(("DELETE FROM ledger_body WHERE idx = ?", index)).returncode == 1
        assert subject_after(("UPDATE ledger_entry SET entry = substr(entry, 1, 175) || x'00' WHERE idx = ?",
                              index)).returncode in (0, 1)
        for at in (48, 112, 144):  # the subject's tag, the body's commitment, the payload's
            changed = raw[index][:at] + bytes([raw[index][at] ^ 1]) + raw[index][at + 1:]
            done = subject_after(("UPDATE ledger_entry SET entry = ? WHERE idx = ?", changed, index))
            assert done.returncode == 1 and "DO NOT FIT" in done.stdout
        for old, new in (("Det. ", "Sgt. "), ("26CR10", "26CR99"), ("judicial_warrant", "consent")):
            assert subject_after(("UPDATE ledger_body SET body = replace(body, ?, ?) WHERE idx = ?", old, new,
                                  index)).returncode == 1
        moved = ("UPDATE ledger_body SET person_id = (SELECT person_id FROM ledger_body WHERE idx = ?) WHERE idx = ?",
                 other, index)
        assert subject_after(moved).returncode == 1
        assert subject_after(moved, person="1006").returncode == 1
        assert subject_after(("DELETE FROM ledger_entry WHERE idx = ?", index)).returncode == 1
    twice = [("DELETE FROM ledger_body WHERE idx = ?", index) for index in mine[-2:]]
    assert subject_after(*twice).returncode == 1
    swapped = [("UPDATE ledger_body SET idx = -1 WHERE idx = ?", mine[0]),
               ("UPDATE ledger_body SET idx = ? WHERE idx = ?", mine[0], mine[1]),
               ("UPDATE ledger_body SET idx = ? WHERE idx = -1", mine[1])]
    assert subject_after(*swapped).returncode == 1


def test_a_body_taken_away_with_its_count_is_seen(site, roster):
    take_up(site, roster)
    watch(site, 1005)
    leaves(site, roster, "2025-04-02", 1005)
    assert edit(site, "DELETE FROM ledger_body WHERE idx = (SELECT max(idx) FROM ledger_body)") == 1
    assert edit(site, "UPDATE ledger_tag_counter SET next = next - 1 WHERE tag_key LIKE 'tag:person:%'") == 1
    assert site.run("ledger", "subject", "1005", check=False).returncode == 1


def test_an_alert_that_is_tried_again_is_one_disclosure(site, roster, serve, tmp_path):
    take_up(site, roster)
    watch(site, 1005)
    nobody = "mail: {transport: smtp, server: 'smtp://127.0.0.1:1', starttls: never, from: n@x.test}\n"
    site.configure(nobody + IN_A_SECOND)
    leaves(site, roster, "2025-04-02", 1005)
    server = serve()
    server.wait_until(lambda: [a["attempts"] >= 3 for a in departures(site)] == [True])
    assert len([e for e in entries_of(site, tmp_path / "log") if e.type == TYPES["disclosure"]]) == 1


@pytest.mark.full
def test_each_hour_that_passed_has_one_leaf_whether_anybody_was_told_or_not(same_hour, site, roster, serve, tmp_path):
    take_up(site, roster)
    site.register(1005)
    site.register(1006, email="bo@example.org")
    leaves(site, roster, "2025-04-02", 1005, 1006)
    server = serve()
    hours = hours_pass(site, server, 30)
    assert server.stop() == 0
    entries = entries_of(site, tmp_path / "log")
    mine = [entry for entry in entries if entry.type == TYPES["hour"]]
    assert [entry.epoch for entry in mine][:len(hours)] == hours
    assert all((e.flags, e.jurisdiction, e.recipient, e.purpose, e.basis, e.data) == (0,) * 6 for e in mine)
    assert len({h for e in mine for h in (e.subject_tag, e.recipient_tag, e.body, e.payload)}) == 4 * len(mine)

    # The notices are in the tree of the hour in which they left, at places that the order of sending did not choose.
    secret = bytes.fromhex((site.path / "keys" / "site.key").read_text().strip()[:64])
    listed = map(json.loads, site.run("alert", "list", "--json").stdout.splitlines())  # with what is told at sign-up
    alerts = [alert["alert"] for alert in listed if alert["purpose"] == "alert"]
    notices = sorted(commit_field(hmac.new(secret, f"notice:{alert}:0".encode(), "sha256").digest()[:16], "alert",
                                  f"{alert}.0") for alert in alerts)
    row = notices + [hmac.new(secret, f"padding:{hours[1]}:{i}".encode(), "sha256").digest()
                     for i in range(len(notices), 65536)]
    row = [leaf_hash(place) for place in row]
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    assert len(notices) == 4 and mine[1].body == row[0]

    # Nothing is written twice, and now by itself nothing at all. It has looked at the hours before it takes a file.
    drop, other = tmp_path / "drop", Roster(tmp_path / "other", feed="other")
    drop.mkdir()
    with (site.path / "site.yaml").open("a") as config:
        config.write("drop_settle: 1s\n")
    site.run("feed", "add", other.mapping, "--drop", drop)
    shutil.copy(other.write("2025-04-01"), drop)
    server = Server(site)
    server.wait_until(lambda: {row["feed"]: row["people"] for row in site.json("feed", "status")}["other"] == 200)
    assert server.stop() == 0
    now = int(site.now()) // 3600
    again = [entry.epoch for entry in entries_of(site, tmp_path / "log") if entry.type == TYPES["hour"]]
    assert again == list(range(hours[0], now))


# ── 6. Witnesses ──────────────────────────────────────────────────────────────────────────────────

def witnessing(folder, name, **more):
    site = Site(folder / name)
    config = f"base_url: http://{name}.example\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in more.items())
    site.configure(config)
    return site


def test_a_witness_cosigns_what_grows(same_hour, tmp_path, serve, go):
    a, b, began = witnessing(tmp_path, "a"), Site(tmp_path / "b"), time.time()
    gate(a, 3)
    vkey = vkey_of(a)
    b.configure(f"base_url: http://b.example\nwitness_for: [\"{vkey}\"]\n")
    gate(b, 1)
    witness_key = b.run("witness", "key").stdout.strip()
    assert witness_key.startswith("b.example/witness+")
    other = witnessing(tmp_path, "c").run("witness", "key").stdout.strip()
    server_b = serve(b)
    prefix = f"http://127.0.0.1:{server_b.port}/witness"
    a.configure(f"base_url: http://a.example\nwitnesses:\n  - {{url: \"{prefix}\", key: \"{witness_key}\"}}\n"
                f"  - {{url: \"{prefix}\", key: \"{other}\"}}\n")  # the second is not who answers there
    server_a = serve(a)

    def served():
        return get(server_a, "/log/checkpoint")[1].decode()

    # The policy's entry and the last hour's come once, when it starts.
    server_a.wait_until(lambda: parse_checkpoint(served())[1] >= 5)
    sizes, proof, entry = set(), tmp_path / "proof", tmp_path / "entry"
    for more in (300, 0):
        server_a.wait_until(lambda: cosignature_time(tmp_path, served(), witness_key))
        note = served()
        assert began - 1 <= cosignature_time(tmp_path, note, witness_key) <= time.time() + 5
        assert cosignature_time(tmp_path, note, other) is None and note.count("\n— ") == 2
        assert f"size={parse_checkpoint(note)[1]} " in go(f"http://127.0.0.1:{server_a.port}/log", vkey).stdout
        sizes.add(parse_checkpoint(note)[1])
        proof.write_text(a.run("ledger", "prove", 2, "--entry", entry).stdout, encoding="utf-8")
        seen, = b.json("witness", "list")
        assert (seen["origin"], seen["size"]) == ("a.example/log", parse_checkpoint(note)[1])
        assert base64.b64decode(seen["root"]) == parse_checkpoint(note)[2]
        if more:
            gate(a, more, 100)
    assert len(sizes) == 2
    # A proof carries the cosignature to whoever checks it offline.
    assert cosignature_time(tmp_path, proof.read_text(encoding="utf-8").split("\n\n", 1)[1], witness_key)
    go("-", vkey, "-proof", proof, "-entry", entry)
    # Another history under the same key is not cosigned, though it is longer.
    server_a.stop()
    twin = Site(tmp_path / "twin")
    shutil.copyfile(a.path / "keys" / "ledger.key", twin.path / "keys" / "ledger.key")
    twin.configure((a.path / "site.yaml").read_text(encoding="utf-8"))
    gate(twin, 700, 7, 3)
    assert vkey_of(twin) == vkey and twin.json("witness", "ask") == [{"cosigned": 0}]
    assert checkpoint_of(twin).count("\n— ") == 1


def proof_of(leaves, old):
    """RFC 6962's consistency proof, from the definition."""
    def root(part):
        tree = Tree()
        for leaf in part:
            tree.add(leaf)
        return tree.root()

    def split(n):
        return 1 << ((n - 1).bit_length() - 1)

    def subproof(m, part, whole):
        if m == len(part):
            return [] if whole else [root(part)]
        k = split(len(part))
        if m <= k:
            return subproof(m, part[:k], whole) + [root(part[k:])]
        return subproof(m - k, part[k:], False) + [root(part[:k])]
    return subproof(old, leaves, True) if old else []


class Client:
    """A log of its own and a witness to ask."""

    def __init__(self, server, signer):
        self.server, self.signer, self.leaves = server, signer, [leaf_hash(b"%d" % i) for i in range(40)]

    def note(self, size, leaves=None, signer=None, **more):
        tree = Tree()
        for leaf in (leaves or self.leaves)[:size]:
            tree.add(leaf)
        return (signer or self.signer).checkpoint(size, tree.root(), **more)

    def send(self, body):
        body = body if isinstance(body, bytes) else body.encode()
        return get(self.server, "/witness/add-checkpoint", "POST", body)

    def submit(self, old, size, proof=None, leaves=None, note=None, **more):
        hashes = proof_of((leaves or self.leaves)[:size], old) if proof is None else proof
        lines = "".join(base64.b64encode(hash).decode() + "\n" for hash in hashes)
        return self.send(f"old {old}\n{lines}\n{note or self.note(size, leaves, **more)}")


@pytest.fixture
def witnessed(site, serve, tmp_path):
    """A client of a witness, the witness's key and site."""
    signer = Signer(tmp_path, name="log.example/a")
    site.configure(f"base_url: http://b.example\nwitness_for: [\"{signer.vkey}\"]\n")
    key = site.run("witness", "key").stdout.strip()
    return Client(serve(), signer), key, site


def test_a_witness_answers_as_specified(witnessed, serve, tmp_path):
    client, key, site = witnessed
    other = Signer(tmp_path, name="log.example/a")
    status, body, _ = client.submit(0, 5)
    assert status == 200 and body.decode().count("\n") == 1
    note = client.note(5)
    assert cosignature_time(tmp_path, note + body.decode(), key)
    assert cosignature_time(tmp_path, client.note(6) + body.decode(), key) is None
    for old, size in ((0, 5), (0, 8), (4, 8), (6, 8), (3, 5)):
        status, body, headers = client.submit(old, size)
        assert (status, body, headers["Content-Type"]) == (409, b"5\n", "text/x.tlog.size")
    assert client.submit(5, 5)[0] == 200  # again, for who has lost the answer
    assert client.submit(5, 4, proof=[])[0] == 400  # a rollback
    assert client.submit(0, 5, signer=Signer(tmp_path, name="unknown.example"))[0] == 404
    assert client.submit(5, 8, signer=other)[0] == 403
    assert client.submit(5, 8, note=client.note(8).rpartition("— ")[0] + other.sign("x"))[0] == 403
    tampered = client.note(8).replace("\n8\n", "\n9\n")
    assert client.submit(5, 8, note=tampered)[0] == 403
    good = proof_of(client.leaves[:8], 5)
    for wrong in ([], good[:-1], good + [good[0]], good[::-1], [bytes(32)] * len(good)):
        assert client.submit(5, 8, proof=wrong)[0] == 422
    fork = [leaf_hash(b"fork")] + client.leaves[1:]
    assert client.submit(5, 8, leaves=fork)[0] == 422
    note = client.note(8)
    line = base64.b64encode(good[0]).decode()
    for body in (b"", b"old 5", "old 5\n", "\n", f"old 05\n\n{note}", f"old -1\n\n{note}", f"old 5\n{note}", f"old\n\n{note}",
                 f"old 5\nnot base64\n\n{note}", f"old 5\n{line[:-2]}\n\n{note}", f"old 99999999999999999999\n\n{note}",
                 f"old 5\n\n{note.rpartition(chr(10) * 2)[0]}\n", f"old 5\n\n{note[:-1]}", b"old 5\n\n\xff\xfe\n",
                 "old 5\n" + f"{line}\n" * 64 + f"\n{note}", f"OLD 5\n\n{note}", f"old 5\r\n\r\n{note}"):
        status = client.send(body)[0]
        assert status == 400 or (status == 404 and b"\xff" in (body if isinstance(body, bytes) else b"")), (body, status)
    assert client.send(b"old 5\n" + b"x" * 70000)[0] == 413
    assert get(client.server, "/witness/add-checkpoint")[0] == 405
    # Nothing of that moved its memory, and a restart does not either.
    assert client.server.stop() == 0
    client.server = serve(site)
    assert client.submit(0, 8)[:2] == (409, b"5\n")
    # Other signatures on the note are no matter.
    extra = client.note(8) + Signer(tmp_path, name="stranger.example").sign(client.note(8).rpartition("\n\n")[0] + "\n")
    assert client.submit(5, 8, note=extra)[0] == 200
    assert client.submit(8, 40)[0] == 200
    assert site.json("witness", "list") == [{"origin": "log.example/a", "size": 40,
                                             "root": client.note(40).split("\n")[2]}]


def test_another_root_at_the_same_size_is_not_cosigned(witnessed):
    client, _, _ = witnessed
    assert client.submit(0, 5)[0] == 200
    assert client.submit(5, 5, leaves=[leaf_hash(b"fork")] + client.leaves[1:])[0] == 422


def test_a_witness_never_cosigns_two_histories_however_fast_they_come(witnessed):
    client, _, _ = witnessed
    histories = [[leaf_hash(b"%d" % i)] + client.leaves[1:] for i in range(12)]
    bodies = [f"old 0\n\n{client.note(7, history)}" for history in histories]
    answers = []
    threads = [threading.Thread(target=lambda body=body: answers.append(client.send(body)[0])) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] + [409] * 11


class FakeWitness(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *words):
        pass


@pytest.fixture
def false_witness(tmp_path, site):
    """Answers as the site's witness with (its .answer); its .key is the key that the site trusts."""
    gate(site, 3)
    witness = witnessing(tmp_path, "b")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeWitness) as fake:
        fake.key = witness.run("witness", "key").stdout.strip()
        fake.signer = Signer(tmp_path, text=(witness.path / "keys" / "witness.key").read_text())
        threading.Thread(target=fake.serve_forever, args=(0.02,), daemon=True).start()
        site.configure(f"witnesses: [{{url: \"http://127.0.0.1:{fake.server_port}/w\", key: \"{fake.key}\"}}]\n")
        yield fake
        fake.shutdown()


def test_what_a_false_witness_says_is_not_taken(false_witness, site, tmp_path):
    name, key_id, _ = false_witness.key.split("+", 2)
    junk = base64.b64encode(bytes.fromhex(key_id) + struct.pack(">Q", int(time.time())) + bytes(64)).decode()
    before = checkpoint_of(site)
    text = before.rpartition("\n\n")[0] + "\n"
    stranger = Signer(tmp_path, name=name)
    for answer in (f"— {name} {junk}\n", "\n", "nonsense", stranger.sign(text), stranger.cosign(text, 1790000000),
                   false_witness.signer.cosign("owned.example\n9\n", 1790000000), "\n\nowned.example\n9\n", "x" * 70000,
                   "\0", "\u00ff\0", f"— {name} {junk}", before.rpartition("\n\n")[2]):
        false_witness.answer = 200, answer.encode()
        done = site.run("witness", "ask", "--json")
        assert json.loads(done.stdout) == {"cosigned": 0} and "CRITICAL" not in done.stderr
        assert checkpoint_of(site) == before
    for status in (301, 400, 403, 404, 409, 422, 500):
        for answer in (b"3\n", b"4\n", b"-1\n", b"99999999999999999999\n", b"x"):
            false_witness.answer = status, answer
            assert site.json("witness", "ask") == [{"cosigned": 0}]
    assert checkpoint_of(site) == before


@pytest.mark.parametrize("status", [200, 404, 409])
def test_a_witness_may_answer_nothing(false_witness, site, status):
    false_witness.answer = status, b""
    done = site.run("witness", "ask", "--json")
    assert json.loads(done.stdout) == {"cosigned": 0} and "CRITICAL" not in done.stderr


def test_a_witness_cannot_flood_the_checkpoint(false_witness, site, go, tmp_path):
    text = checkpoint_of(site).rpartition("\n\n")[0] + "\n"
    lines = [false_witness.signer.cosign(text, 1790000000 + i) for i in range(110)]
    false_witness.answer = 200, "".join(lines).encode()
    assert site.json("witness", "ask") == [{"cosigned": 1}]
    copy, vkey = export(site, tmp_path / "log"), vkey_of(site)
    assert verify(copy, vkey) == 0 and go(copy, vkey, check=False).returncode == 0


def test_two_who_need_the_ledgers_key_first_get_the_same(tmp_path):
    for i in range(12):
        site = Site(tmp_path / str(i))
        asking = [subprocess.Popen([PROGRAM, "-C", site.path, "ledger", "checkpoint", "--vkey"], text=True,
                                   stdout=subprocess.PIPE) for _ in range(8)]
        assert {process.communicate(timeout=600)[0].strip() for process in asking} == {vkey_of(site)}


@pytest.mark.full
def test_a_witness_that_never_answers_delays_nobody(same_hour, site, roster, serve, tmp_path):
    take_up(site, roster)
    people = range(1005, 1010)
    for person in people:
        site.register(person, email=f"p{person}@example.org")
        watch(site, person, document=f"26CR{person}")
    key = witnessing(tmp_path, "b").run("witness", "key").stdout.strip()
    connections = []
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        port = silent.getsockname()[1]
        site.configure(f"witnesses: [{{url: \"http://127.0.0.1:{port}/witness\", key: \"{key}\"}}]\n")
        server = serve()
        # The last hour's entry comes once, when it starts.
        server.wait_until(lambda: hours_closed(site))

        def is_asked_anew():
            silent.settimeout(0)
            try:
                while True:
                    connections.append(silent.accept()[0])
            except BlockingIOError:
                silent.settimeout(300)
                connections.append(silent.accept()[0])

        def is_waited_for():
            """Whether who asked last still waits for the answer."""
            connections[-1].settimeout(0)
            try:
                while connections[-1].recv(65536):
                    pass
            except BlockingIOError:
                return True
            except ConnectionResetError:
                pass
            return False

        def tells_meanwhile(day, person):
            """Whether the alerts and the checkpoint are there before the witness is given up."""
            is_asked_anew()
            leaves(site, roster, day, person)
            server.wait_until(lambda: len(told(site, f"Sample{person - 1000}")) == 2)
            status, note, _ = get(server, "/log/checkpoint")
            is_first = is_waited_for()
            assert status == 200 and parse_checkpoint(note.decode())[1] == len(entries_of(site, tmp_path / "log"))
            return is_first

        # On a busy machine some may be told after the witness was given up; if it were waited for, all would be.
        assert any(tells_meanwhile(f"2025-04-{person - 1003:02d}", person) for person in people)
        is_asked_anew()
        assert server.stop() == 0
        for connection in connections:
            connection.close()


# ── 7. Nothing leaves without its leaf ────────────────────────────────────────────────────────────

def spoil_key(site):
    """The ledger's key is garbage; returns what repairs it."""
    key = site.path / "keys" / "ledger.key"
    good = key.read_bytes()
    key.write_bytes(b"\x8fgarbage, not a key\n")
    return lambda: key.write_bytes(good)


def departures(site):
    return [a for a in site.json("alert", "list") if a["kind"] == "left_roster"]


def test_without_the_ledgers_key_an_agency_is_told_nothing_and_once_when_it_is_back(site, roster, serve, tmp_path):
    take_up(site, roster)
    watch(site, 1005)
    site.register(1006, email="bo@example.org")
    site.configure(IN_A_SECOND)
    size = len(entries_of(site, tmp_path / "log"))
    repair = spoil_key(site)
    server = serve()
    leaves(site, roster, "2025-04-02", 1005)
    server.wait_until(lambda: [a["attempts"] > 2 for a in departures(site)] == [True])
    assert server.process.poll() is None, (site.path / "serve.log").read_text()[-3000:]
    assert told(site, "Sample5") == []
    alert, = departures(site)
    assert alert["state"] == "queued" and alert["attempts"] > 1
    assert parse_checkpoint(get(server, "/log/checkpoint")[1].decode())[1] == size
    repair()
    server.wait_until(lambda: told(site, "Sample5"))
    leaves(site, roster, "2025-04-03", 1006)
    server.wait_until(lambda: [a["state"] for a in departures(site)] == ["sent"] * 2)  # it has looked at the outbox again
    mail, = told(site, "Sample5")
    entries = entries_of(site, tmp_path / "log")
    disclosure, = [i for i, entry in enumerate(entries) if entry.type == TYPES["disclosure"]]
    assert f"entry {disclosure}." in " ".join(mail.split())
    assert [entry.type for entry in entries[size:] if entry.type != TYPES["hour"]] == [TYPES["disclosure"]]
    assert verify(tmp_path / "log", vkey_of(site)) == 0 and len(site.json("ledger", "subject", "1005")) == 3


def test_a_claim_that_cannot_be_written_is_not_tried_without_a_pause(site, roster, serve):
    take_up(site, roster)
    site.register(1005)
    edit(site, "CREATE TRIGGER full BEFORE INSERT ON ledger_notice BEGIN SELECT RAISE(ROLLBACK, 'as if full'); END")
    server = serve()
    _, summary = leaves(site, roster, "2025-04-02", 1005, check=False)  # it may have tried to send as well, and said so
    assert summary["alerts"] == 1

    def tries():
        log = (site.path / "serve.log").read_text().splitlines()
        return [datetime.datetime.fromisoformat(json.loads(line)["ts"]) for line in log if "could not be read" in line]

    def pauses():
        return [(b - a).total_seconds() for a, b in itertools.pairwise(tries())]

    # Commits, as there are while it starts, make it look at once; nothing else does.
    server.wait_until(lambda: len(tries()) > 3 and min(pauses()[-3:]) > 0.4)
    assert told(site, "Sample5") == []
    edit(site, "DROP TRIGGER full")
    server.wait_until(lambda: told(site, "Sample5"))
    assert len(told(site, "Sample5")) == 1


def test_without_the_ledgers_key_no_agency_gets_a_watch(site, roster):
    take_up(site, roster)
    asked = ask(site, 1005)
    repair = spoil_key(site)
    assert ask(site, 1006, check=False, document="26CR102") is None
    assert site.run("agency", "approve", asked, "--officer=Lt. Jail", check=False).returncode != 0
    assert [w["state"] for w in site.json("agency", "list")] == ["asked"]
    repair()
    site.run("agency", "approve", asked, "--officer=Lt. Jail")
    assert [w["state"] for w in site.json("agency", "list")] == ["approved"]
    assert [d["tag_number"] for d in site.json("ledger", "subject", "1005")] == [0, 1]


def test_a_registered_person_is_told_while_the_ledgers_key_is_spoilt_for_an_agency(site, roster, serve):
    """Their leaf is the hour's, which is written when the key is back; they do not wait for an agency's."""
    take_up(site, roster)
    watch(site, 1005)
    site.register(1005)
    site.configure(IN_A_SECOND)
    repair = spoil_key(site)
    server = serve()
    leaves(site, roster, "2025-04-02", 1005)
    server.wait_until(lambda: len(told(site, "Sample5")) == 1)
    assert "ana@example.org" in told(site, "Sample5")[0]
    repair()
    server.wait_until(lambda: len(told(site, "Sample5")) == 2)
