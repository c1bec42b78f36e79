"""HTTP as an attacker writes it: each request is refused, or read in the only way there is."""
import json
import re
import resource
import socket
import time

import pytest

from push import add_push_feed, event, signed

HOST = b"Host: x\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"  # would be answered 404, were it read as a request


def get(*lines, path=b"/healthz", version=b"HTTP/1.1"):
    return b"GET " + path + b" " + version + b"\r\n" + b"".join(lines) + b"\r\n"


def post(*lines, body=b"{}"):
    return b"POST /v1/registrations HTTP/1.1\r\n" + HOST + b"".join(lines) + b"\r\n" + body


def chunked(body, *lines):
    return post(b"Transfer-Encoding: chunked\r\n", *lines, body=body)


REFUSED = {
    # What ends a line
    "bare LF everywhere": get(HOST).replace(b"\r\n", b"\n"),
    "bare LF after the first line": b"GET /healthz HTTP/1.1\n" + HOST + b"\r\n",
    "bare LF after a field": b"GET /healthz HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
    "bare CR in a value": get(HOST, b"A: b\rc\r\n"),
    "bare CR ends a field": b"GET /healthz HTTP/1.1\r\nHost: x\rA: b\r\n\r\n",
    "CR CR LF": b"GET /healthz HTTP/1.1\r\r\nHost: x\r\n\r\n",
    "LF CR": b"GET /healthz HTTP/1.1\n\rHost: x\n\r\n\r",
    "an empty line first": b"\r\n" + get(HOST),
    "a NUL in a value": get(HOST, b"A: b\0c\r\n"),
    "a NUL in a name": get(HOST, b"A\0: b\r\n"),
    "a NUL in the target": get(HOST, path=b"/health\0z"),
    "a control character in a value": get(HOST, b"A: b\x01\r\n"),
    "DEL in a value": get(HOST, b"A: \x7f\r\n"),
    # The first line
    "no version": b"GET /healthz\r\n\r\n",
    "nothing but a method": b"GET\r\n\r\n",
    "two spaces": b"GET  /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tab between": b"GET\t/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space behind": b"GET /healthz HTTP/1.1 \r\n" + HOST + b"\r\n",
    "a space in the target": get(HOST, path=b"/health z"),
    "an odd method": b"GE(T /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "a lower-case version": get(HOST, version=b"http/1.1"),
    "HTTP/2.0": get(HOST, version=b"HTTP/2.0"),
    "HTTP/1.10": get(HOST, version=b"HTTP/1.10"),
    "HTTP/0.9": get(version=b"HTTP/0.9"),
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "an absolute target": get(HOST, path=b"http://other/healthz"),
    "a target of another place": get(HOST, path=b"//healthz\\..\\x"),
    "a star": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "CONNECT": b"CONNECT x:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment": get(HOST, path=b"/healthz#a"),
    "half an escape": get(HOST, path=b"/c/%4"),
    "an escaped NUL": get(HOST, path=b"/c/%00"),
    "an escape of no digits": get(HOST, path=b"/c/%zz"),
    "bytes that are no UTF-8": get(HOST, path=b"/c/%ff%fe"),
    "an escape of what needs none": get(HOST, path=b"/%68ealthz"),
    "an escaped stroke": get(HOST, path=b"/c/a%2Fb"),
    "raw bytes in the target": get(HOST, path=b"/c/\xc3\xa9"),
    # Fields
    "no host": get(),
    "two hosts": get(HOST, b"Host: y\r\n"),
    "two hosts in another case": get(HOST, b"hOST: x\r\n"),
    "a host with a path": get(b"Host: x/y\r\n"),
    "a host with a user": get(b"Host: a@x\r\n"),
    "a space before the colon": get(HOST, b"A : b\r\n"),
    "a tab before the colon": get(b"Host\t: x\r\n"),
    "a folded field": get(HOST, b"A: b\r\n c\r\n"),
    "a folded field with a tab": get(HOST, b"A: b\r\n\tc\r\n"),
    "a first field that is folded": b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
    "no colon": get(HOST, b"Abc\r\n"),
    "no name": get(HOST, b": b\r\n"),
    "an odd name": get(HOST, b"A[]: b\r\n"),
    "65 fields": get(HOST, *(b"A: b\r\n" for _ in range(64))),
    "a head of 17 KiB": get(HOST, b"A: " + b"b" * 17000 + b"\r\n"),
    "an expectation": post(b"Expect: a miracle\r\n", b"Content-Length: 2\r\n"),
    "two cookies": get(HOST, b"Cookie: a=b\r\n", b"Cookie: a=c\r\n"),
    # Lengths
    "a folded length": post(b"Content-Length:\r\n 36\r\n", body=HIDDEN),
    "a length folded in its digits": post(b"Content-Length: 3\r\n 6\r\n", body=HIDDEN),
    "two lengths": post(b"Content-Length: 2\r\n", b"Content-Length: 36\r\n", body=HIDDEN),
    "two lengths that agree": post(b"Content-Length: 2\r\n", b"Content-Length: 2\r\n"),
    "a list of lengths": post(b"Content-Length: 2, 2\r\n"),
    "a length with a sign": post(b"Content-Length: +2\r\n"),
    "a negative length": post(b"Content-Length: -1\r\n"),
    "a hexadecimal length": post(b"Content-Length: 0x2\r\n"),
    "a length with a space": post(b"Content-Length: 1 2\r\n"),
    "an empty length": post(b"Content-Length: \r\n"),
    "a length beyond 64 bits": post(b"Content-Length: 18446744073709551618\r\n"),
    "too large a length": post(b"Content-Length: 65537\r\n", body=b""),
    "a length and chunks": post(b"Content-Length: 36\r\n", b"Transfer-Encoding: chunked\r\n", body=b"0\r\n\r\n" + HIDDEN),
    "chunks and a length": post(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", body=b"0\r\n\r\n" + HIDDEN),
    "two encodings": chunked(b"0\r\n\r\n" + HIDDEN, b"Transfer-Encoding: identity\r\n"),
    "a list of encodings": post(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"),
    "chunked in another way": post(b"Transfer-Encoding: xchunked\r\n", body=b"0\r\n\r\n" + HIDDEN),
    "a folded encoding": post(b"Transfer-Encoding:\r\n chunked\r\n", body=b"0\r\n\r\n"),
    "an encoding with a vertical tab": post(b"Transfer-Encoding: \x0bchunked\r\n", body=b"0\r\n\r\n"),
    "chunks in HTTP/1.0": chunked(b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"),
    # Chunks
    "a chunk's extension": chunked(b"2;a=b\r\n{}\r\n0\r\n\r\n"),
    "a chunk's size with a space": chunked(b"2 \r\n{}\r\n0\r\n\r\n"),
    "a chunk's size with 0x": chunked(b"0x2\r\n{}\r\n0\r\n\r\n"),
    "a chunk without a size": chunked(b"\r\n{}\r\n0\r\n\r\n"),
    "a negative size": chunked(b"-2\r\n{}\r\n0\r\n\r\n"),
    "a size of nine digits": chunked(b"000000002\r\n{}\r\n0\r\n\r\n"),
    "a chunk that is longer than it says": chunked(b"1\r\n{}\r\n0\r\n\r\n"),
    "a bare LF after a size": chunked(b"2\n{}\r\n0\r\n\r\n"),
    "a bare LF after a chunk": chunked(b"2\r\n{}\n0\r\n\r\n"),
    "a bare LF at the end": chunked(b"2\r\n{}\r\n0\r\n\n" + HIDDEN),
    "a trailer": chunked(b"2\r\n{}\r\n0\r\nA: b\r\n\r\n"),
    "chunks of more than 64 KiB": chunked(b"FFFF\r\n" + b" " * 65535 + b"\r\n2\r\n{}\r\n0\r\n\r\n"),
}


def talk(port, sent, parts=1, wait=20):
    """All that is answered until the other side closes, or has nothing more to say."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as sock:
        try:
            for i in range(parts):
                sock.sendall(sent[len(sent) * i // parts:len(sent) * (i + 1) // parts])
            sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
    return answer


def statuses(answer):
    """Of each answer, by its own length; what is left must be nothing."""
    found = []
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        status = int(re.match(rb"HTTP/1\.1 (\d{3}) ", head).group(1))
        found.append(status)
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        n = 0 if status == 100 else int(length.group(1))
        assert len(rest) >= n
        answer = rest[n:]
    return found


def test_what_can_be_read_in_two_ways_is_refused_once_and_the_connection_ends(serve):
    server = serve()
    assert len(REFUSED) >= 60
    wrong = {}
    for name, sent in REFUSED.items():
        for parts in (1, 7):
            answer = talk(server.port, sent, parts)
            said = statuses(answer)
            if len(said) != 1 or said[0] not in (400, 413, 417, 431, 501, 505) or b"Connection: close" not in answer:
                wrong[name, parts] = said
    assert wrong == {}
    assert server.request("GET", "/healthz")[0] == 200


READ = {
    "a plain one": (get(HOST), [200]),
    "names in any case": (get(b"hOsT: x\r\n"), [200]),
    "no space after the colon": (get(b"Host:x\r\n"), [200]),
    "spaces and tabs around a value": (get(b"Host: \t x \t\r\n"), [200]),
    "other alphabets in a value": (get(HOST, b"A: \xc3\xa9\r\n"), [200]),
    "a query": (get(HOST, path=b"/healthz?a=b&c=/../x"), [200]),
    "escapes": (get(HOST, path=b"/c/%C3%A9%20"), [404]),
    "dots are names": (get(HOST, path=b"/c/../healthz"), [404]),
    "two after another": (get(HOST) + get(HOST, path=b"/nothing") + get(HOST), [200, 404, 200]),
    "a body is none of the next": (post(b"Content-Length: %d\r\n" % len(HIDDEN), body=HIDDEN) + get(HOST), [400, 200]),
    "chunks": (chunked(b"1\r\n{\r\n0001\r\n}\r\n0\r\n\r\n") + get(HOST), [422, 200]),
    "chunks that hold a request": (chunked(b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n") + get(HOST), [400, 200]),
    "HTTP/1.0 is closed": (get(version=b"HTTP/1.0") + get(HOST), [200]),
    "HTTP/1.0 that is kept": (get(b"Connection: Keep-Alive\r\n", version=b"HTTP/1.0") + get(HOST), [200, 200]),
    "one that asks to be closed": (get(HOST, b"Connection: x, close\r\n") + get(HOST), [200]),
    "HEAD": (b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", None),
    "an expectation": (post(b"Expect: 100-continue\r\n", b"Content-Length: 2\r\n"), [100, 422]),
    "another method": (b"BREW /healthz HTTP/1.1\r\n" + HOST + b"\r\n", [405]),
    "an upgrade is not taken up": (get(HOST, b"Upgrade: h2c\r\n", b"Connection: Upgrade\r\n"), [200]),
}


def test_what_can_be_read_in_one_way_is_read_so_in_one_piece_or_many(serve):
    server = serve()
    wrong = {}
    for name, (sent, expected) in READ.items():
        for parts in (1, 11):
            answer = talk(server.port, sent, parts)
            if expected is None:
                assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\n") and b"Content-Length: 3\r\n" in answer
            elif statuses(answer) != expected:
                wrong[name, parts] = statuses(answer)
    assert wrong == {}


def test_a_large_push_comes_whole_by_length_or_in_chunks(site, serve, tmp_path):
    secret = add_push_feed(site, tmp_path)
    server = serve()
    for n, in_chunks in enumerate((False, True)):
        body = json.dumps([event(f"{n}-{i}", "booked", person=f"{n}{i}") for i in range(3000)]).encode()
        headers = signed(secret, f"k{n}", body)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        pieces = [body[i:i + 9973] for i in range(0, len(body), 9973)]
        whole = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n" if in_chunks else body
        length = "Transfer-Encoding: chunked" if in_chunks else f"Content-Length: {len(body)}"
        start = f"POST /v1/feeds/push/events HTTP/1.1\r\nHost: x\r\n{head}{length}\r\n\r\n".encode()
        answer = talk(server.port, start + whole + get(HOST), parts=5, wait=300)
        assert statuses(answer) == [200, 200] and b'"rows":3000' in answer
    assert [name for name in site.path.iterdir() if "spool" in name.name] == []


def test_nothing_is_kept_for_who_does_not_say_that_it_is_signed(site, serve, tmp_path):
    add_push_feed(site, tmp_path)
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as sock:
        sock.sendall(b"POST /v1/feeds/push/events HTTP/1.1\r\nHost: x\r\nContent-Length: 16777216\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 401 ")  # before a byte of its body has come
        assert sock.recv(65536) == b""


def test_idle_and_slow_connections_keep_nobody_out(site, serve, tmp_path):
    """More than there may be at once, and each with half a head."""
    secret = add_push_feed(site, tmp_path)
    server = serve()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    slow = []
    for i in range(5000):
        sock = socket.socket()
        sock.bind((f"127.0.9.{i % 200 + 1}", 0))
        sock.connect(("127.0.0.1", server.port))
        if i % 2:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        slow.append(sock)
    body = json.dumps([event(1, "booked")])
    assert server.request("GET", "/healthz")[0] == 200
    assert server.request("POST", "/v1/feeds/push/events", body, signed(secret, "k1", body.encode()))[0] == 200
    for sock in slow:
        sock.close()


def test_a_proxy_is_believed_and_others_are_counted_by_it(serve):
    """What a proxy on this machine says of whom it asks for counts; the last word, which is its own."""
    server = serve()
    ask = lambda who: server.request("POST", "/v1/registrations", "{", {"X-Forwarded-For": who})[0]
    began, n = time.monotonic(), 0
    while ask("198.51.100.9, 192.0.2.7") != 429:
        n += 1
        assert n <= 21 + (time.monotonic() - began) / 3
    assert ask("192.0.2.7, 198.51.100.9") == 400  # somebody else, whom the first named
    assert ask("2001:db8:1:2::1") == 400
    while ask("2001:db8:1:2::1") != 429:
        pass
    assert ask("2001:db8:1:2:ffff::9") == 429 and ask("2001:db8:1:3::9") == 400  # a subscriber has a whole network


def test_it_listens_on_every_address_when_told(site, serve):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    site.configure("listen: '[::]:0'\n")
    server = serve()
    with socket.create_connection(("::1", server.port), timeout=20) as sock:
        sock.sendall(get(HOST, b"Connection: close\r\n"))
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 ")
