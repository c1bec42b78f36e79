"""What must stay secret: keys in memory, secrets in files and on the command line."""
import re
from pathlib import Path


def test_a_process_leaves_no_core_and_keeps_its_keys_out_of_swap(site, serve):
    server = serve()
    folder = Path(f"/proc/{server.process.pid}")
    limit = re.search(r"Max core file size\s+(\d+)\s+(\d+)", (folder / "limits").read_text())
    assert limit.groups() == ("0", "0")
    assert int(re.search(r"VmLck:\s+(\d+) kB", (folder / "status").read_text()).group(1)) >= 64
