"""The browser's own verifier, /audit.js, in a real browser against a live log.

Chromium loads a page of another origin, as a stranger's would be, which fetches the script and the log from
`tocsin serve` and writes what it found into the page.
"""
import json
import shutil
import subprocess

import pytest

from conftest import PROGRAM, Site

CHROMIUM = shutil.which("chromium")
GATE = PROGRAM.removesuffix("tocsin") + "gate"

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")

PAGE = """<!doctype html><meta charset="utf-8"><title>…</title><pre id="found"></pre>
<script src="{base}/audit.js"></script>
<script>
const log = new TransparencyLog({base_json} + "/log", {vkey});
const found = [];
const say = async (name, work) => {{
  try {{ found.push([name, await work()]); }} catch (error) {{ found.push([name, "ERROR " + error.message]); }}
}};
(async () => {{
  await say("entries", async () => {{
    const {{size}} = await log.checkpoint();
    for (const index of [0, 1, 255, 256, 299, size - 1]) await log.verifyEntry(index);
    return size;
  }});
  await say("beyond", () => log.verifyEntry(1e6));
  await say("continues", async () => (await log.verifyConsistency({old})).oldSize);
  await say("forked", () => log.verifyConsistency({other}));
  const lying = new TransparencyLog({base_json} + "/log", {vkey}, async (path) => {{
    const answer = await fetch({base_json} + "/log/" + path);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (path.startsWith("tile/entries")) bytes[3 * 178 + 20] ^= 1;
    return {{ok: true, arrayBuffer: async () => bytes.buffer}};
  }});
  await say("tampered", () => lying.verifyEntry(3));
  await say("stranger", () => new TransparencyLog({base_json} + "/log", {stranger}).verifyEntry(0));
  document.getElementById("found").textContent = JSON.stringify(found);
  document.title = "done";
}})();
</script>
"""


def append(site, n):
    subprocess.run([GATE, "append", str(site.path), str(n), "16", "1"], check=True, capture_output=True)


def browse(page):
    """The page's document when its scripts have come to rest."""
    done = subprocess.run(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         f"--user-data-dir={page.parent}/profile", "--enable-experimental-web-platform-features",
         "--virtual-time-budget=20000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=600)
    return done.stdout


def test_the_browser_verifies_entries_and_history_and_finds_what_was_changed(site, serve, tmp_path):
    stranger = Site(tmp_path / "stranger")
    append(site, 300)
    append(stranger, 200)
    old = site.run("ledger", "checkpoint").stdout
    append(site, 70)
    vkey = site.run("ledger", "checkpoint", "--vkey").stdout.strip()
    other_vkey = stranger.run("ledger", "checkpoint", "--vkey").stdout.strip()
    # Another history under the same key: what a fork looks like to somebody who kept the old checkpoint.
    fork = Site(tmp_path / "fork")
    shutil.copy(site.path / "keys/ledger.key", fork.path / "keys/ledger.key")
    append(fork, 16)
    subprocess.run([GATE, "append", str(fork.path), "64", "1", "2"], check=True, capture_output=True)
    base = f"http://127.0.0.1:{serve().port}"
    page = tmp_path / "auditor.html"
    page.write_text(PAGE.format(base=base, base_json=json.dumps(base), vkey=json.dumps(vkey), old=json.dumps(old),
                                other=json.dumps(fork.run("ledger", "checkpoint").stdout),
                                stranger=json.dumps(other_vkey)), encoding="utf-8")
    document = browse(page)
    assert "<title>done</title>" in document, document[-2000:]
    text = document.split('<pre id="found">')[1].split("</pre>")[0].replace("&amp;", "&")
    found = dict(json.loads(text))
    assert found["entries"] >= 370, found
    assert found["continues"] == 300, found
    assert "no entry 1000000" in found["beyond"], found
    assert "history was changed" in found["forked"], found
    assert "not what the log signed" in found["tampered"], found
    assert "has not signed" in found["stranger"], found
