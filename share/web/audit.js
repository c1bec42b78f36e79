// Checks a transparency log in the browser, trusting only a key: fetches a checkpoint, an entry and the
// tiles around it, and computes the proof again with WebCrypto. Works on any C2SP tlog-tiles log with an
// Ed25519 key. No dependencies; nothing is sent anywhere but to the log.
//
//   const log = new TransparencyLog("/log", "jail.example.org/log+bebe8973+ASN9Dus…");
//   await log.verifyEntry(17)    → {index, size, root, entry}        or throws an Error that says why not
//   await log.verifyConsistency(oldNote)   → {oldSize, size, root}   the log continues what it was
"use strict";

class TransparencyLog {
  constructor(prefix, vkey, fetcher) {
    this.prefix = prefix.replace(/\/+$/, "");
    this.vkey = vkey;
    this.fetch = fetcher || ((path) => fetch(`${this.prefix}/${path}`, {cache: "no-store"}));
    this.tiles = new Map();
  }

  // ── Bytes ──

  static bytes(base64) {
    const text = atob(base64);
    if (btoa(text) !== base64) throw new Error("this base64 is not written as it should be");
    return Uint8Array.from(text, (c) => c.charCodeAt(0));
  }

  static base64(bytes) {
    return btoa(String.fromCharCode(...bytes));
  }

  static join(...parts) {
    const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  static async sha256(bytes) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  }

  static leaf(entry) {
    return TransparencyLog.sha256(TransparencyLog.join([0], entry));
  }

  static node(left, right) {
    return TransparencyLog.sha256(TransparencyLog.join([1], left, right));
  }

  static equal(a, b) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }

  // ── The signed checkpoint ──

  // name+id+base64(type ‖ key); the base64 may hold a plus.
  async key() {
    const [name, id] = this.vkey.split("+", 2);
    const material = TransparencyLog.bytes(this.vkey.slice(name.length + id.length + 2));
    const hash = await TransparencyLog.sha256(
      TransparencyLog.join(new TextEncoder().encode(`${name}\n`), material));
    const hex = Array.from(hash.slice(0, 4), (b) => b.toString(16).padStart(2, "0")).join("");
    if (hex !== id) throw new Error("the key's id does not belong to it");
    if (material[0] !== 1 || material.length !== 33) throw new Error("the key is not of type Ed25519");
    const key = await crypto.subtle.importKey("raw", material.slice(1), {name: "Ed25519"}, false, ["verify"]);
    return {name, id: hash.slice(0, 4), key};
  }

  // The note's size and root, if the key signed it.
  async open(note) {
    const {name, id, key} = await this.key();
    const gap = note.lastIndexOf("\n\n");
    if (gap < 0) throw new Error("the checkpoint is not signed");
    const text = note.slice(0, gap + 1);
    const message = new TextEncoder().encode(text);
    let signed = false;
    for (const line of note.slice(gap + 2).split("\n").filter((l) => l)) {
      const match = line.match(/^\u2014 (\S+) (\S+)$/);
      if (!match) throw new Error("a signature line of the checkpoint is damaged");
      const bytes = TransparencyLog.bytes(match[2]);
      if (match[1] !== name || !TransparencyLog.equal(bytes.slice(0, 4), id)) continue;
      if (!(await crypto.subtle.verify({name: "Ed25519"}, key, bytes.slice(4), message)))
        throw new Error("the signature of the checkpoint is wrong");
      signed = true;
    }
    if (!signed) throw new Error(`${name} has not signed the checkpoint`);
    const [origin, size, root] = text.split("\n");
    if (origin !== name) throw new Error(`the checkpoint is of ${origin}, not of ${name}`);
    if (!/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size)))
      throw new Error("the checkpoint has no size");
    const head = {note, size: Number(size), root: TransparencyLog.bytes(root)};
    if (head.root.length !== 32) throw new Error("the checkpoint has no root");
    return head;
  }

  async get(path) {
    const answer = await this.fetch(path);
    if (!answer.ok) throw new Error(`${path}: the log answers ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  async checkpoint() {
    return this.open(new TextDecoder("utf-8", {fatal: true}).decode(await this.get("checkpoint")));
  }

  // ── Tiles ──

  static path(level, index, width) {
    let rest = index, path = String(rest % 1000).padStart(3, "0");
    while ((rest = Math.floor(rest / 1000)) > 0) path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
    return `tile/${level}/${path}${width < 256 ? `.p/${width}` : ""}`;
  }

  // How many hashes a tile of a level has in a tree of this size.
  static width(size, level, index) {
    const hashes = level === "entries" ? size : Math.floor(size / 256 ** level);
    return Math.max(0, Math.min(256, hashes - index * 256));
  }

  async tile(size, level, index) {
    const path = TransparencyLog.path(level, index, TransparencyLog.width(size, level, index));
    if (!this.tiles.has(path)) this.tiles.set(path, await this.get(path));
    return this.tiles.get(path);
  }

  // The hash over leaves [low, high), from the tiles.
  async range(size, low, high) {
    const n = high - low;
    let k = 1;
    while (k * 2 < n) k *= 2;
    if (n === 1 || k * 2 === n) {
      let level = 0, unit = 1;
      while (unit * 256 <= n) {
        unit *= 256;
        level++;
      }
      const first = low / unit, count = n / unit;
      const tile = await this.tile(size, level, Math.floor(first / 256));
      let row = [];
      for (let i = 0; i < count; i++) row.push(tile.slice(((first + i) % 256) * 32, ((first + i) % 256) * 32 + 32));
      if (row.some((hash) => hash.length !== 32)) throw new Error("a tile is too short");
      while (row.length > 1) {
        const up = [];
        for (let i = 0; i < row.length; i += 2) up.push(await TransparencyLog.node(row[i], row[i + 1]));
        row = up;
      }
      return row[0];
    }
    return TransparencyLog.node(await this.range(size, low, low + k), await this.range(size, low + k, high));
  }

  // The root of the first `oldSize` leaves and of all, both from the same hashes.
  async bothRoots(size, oldSize, low, high) {
    if (oldSize >= high) {
      const hash = await this.range(size, low, high);
      return [hash, hash];
    }
    if (oldSize <= low) return [null, await this.range(size, low, high)];
    let k = 1;
    while (k * 2 < high - low) k *= 2;
    const [oldLeft, left] = await this.bothRoots(size, oldSize, low, low + k);
    const [oldRight, right] = await this.bothRoots(size, oldSize, low + k, high);
    return [oldRight ? await TransparencyLog.node(oldLeft, oldRight) : oldLeft,
            await TransparencyLog.node(left, right)];
  }

  async entry(size, index) {
    const bundle = await this.tile(size, "entries", Math.floor(index / 256));
    let at = 0;
    for (let i = 0; i < index % 256; i++) at += 2 + (bundle[at] << 8 | bundle[at + 1]);
    const length = bundle[at] << 8 | bundle[at + 1];
    if (!(at + 2 + length <= bundle.length)) throw new Error("the entry bundle is cut off");
    return bundle.slice(at + 2, at + 2 + length);
  }

  // ── What is asked ──

  // Fetches entry `index` and shows, up to the signed root, that it is in the log.
  async verifyEntry(index) {
    const head = await this.checkpoint();
    if (!(Number.isInteger(index) && index >= 0 && index < head.size))
      throw new Error(`the log has no entry ${index}; it has ${head.size}`);
    const entry = await this.entry(head.size, index);
    let hash = await TransparencyLog.leaf(entry);
    const steps = [];
    for (let low = 0, high = head.size; high - low > 1;) {
      let k = 1;
      while (k * 2 < high - low) k *= 2;
      const isLeft = index < low + k;
      steps.push([isLeft, isLeft ? await this.range(head.size, low + k, high) : await this.range(head.size, low, low + k)]);
      if (isLeft) high = low + k;
      else low += k;
    }
    for (const [isLeft, sibling] of steps.reverse())
      hash = isLeft ? await TransparencyLog.node(hash, sibling) : await TransparencyLog.node(sibling, hash);
    if (!TransparencyLog.equal(hash, head.root)) throw new Error(`entry ${index} is not what the log signed`);
    return {index, size: head.size, root: TransparencyLog.base64(head.root), entry};
  }

  // Shows that the log as it is continues the log as an earlier checkpoint saw it.
  async verifyConsistency(oldNote) {
    const old = await this.open(oldNote), head = await this.checkpoint();
    if (old.size > head.size) throw new Error("the log is shorter than it was: it was rolled back");
    if (head.size > 0) {
      const [oldRoot, root] = await this.bothRoots(head.size, old.size, 0, head.size);
      if (!TransparencyLog.equal(root, head.root)) throw new Error("the tiles are not what the log signed");
      if (old.size > 0 && !TransparencyLog.equal(oldRoot, old.root))
        throw new Error("the log does not continue what it was: history was changed");
    }
    return {oldSize: old.size, size: head.size, root: TransparencyLog.base64(head.root)};
  }
}

if (typeof module !== "undefined") module.exports = {TransparencyLog};
