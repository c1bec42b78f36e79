// tlog_verify reads a C2SP transparency log the way a stranger would and believes nothing it can recompute:
// checkpoint, entries, tiles, proofs. It shares no code with the program under test. Written against
// c2sp.org/tlog-tiles, tlog-checkpoint, signed-note and tlog-proof@v1; the arithmetic is golang.org/x/mod's.
//
//	apt-get install golang-go golang-golang-x-mod-dev
//	export GO111MODULE=off GOPATH=/usr/share/gocode
//	go build -o /tmp/tlog_verify tests/tlog_verify.go   # "go run" works too but turns exit 2 into 1
//	/tmp/tlog_verify LOCATION VKEY [flags]
//
// LOCATION is an http(s):// prefix or a folder, laid out as tlog-tiles says; with -proof it may be "-", which
// checks the proof alone. VKEY is the log's Ed25519 verifier key. Flags come last:
//
//	-prove N [-seed S]         N random inclusion proofs, made from the served tiles
//	-old FILE                  the log must be consistent with this checkpoint, saved earlier
//	-save FILE                 keep the checkpoint once everything has been verified
//	-proof FILE -entry FILE    a tlog-proof of an entry, whose raw bytes are in the second file
//	-each -until N [-wait 1m]  follow the log until it holds N entries, verifying each checkpoint seen
//
// Exit 0 and "ok size=N root=BASE64", or exit 1 and "wrong: ..." at the first thing wrong, on stdout; exit 2
// for usage or for what cannot be read, on stderr.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height    = 8
	fullWidth = 1 << height
	mostBytes = fullWidth * (2 + 1<<16) // no file of a log is larger than a full bundle
	pollEvery = 100 * time.Millisecond
)

// wrong is the verdict that the log, or what it signed, breaks a rule.
func wrong(format string, args ...any) {
	fmt.Printf("wrong: "+format+"\n", args...)
	os.Exit(1)
}

// unable is for what says nothing about the log.
func unable(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(2)
}

func readFile(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		unable("%v", err)
	}
	return data
}

// source is where the log's files are: a folder or an HTTP prefix.
type source string

var client = &http.Client{Timeout: 30 * time.Second}

// read returns nil, not an empty slice, if the file does not exist.
func (s source) read(path string) []byte {
	if strings.HasPrefix(string(s), "http://") || strings.HasPrefix(string(s), "https://") {
		return get(strings.TrimRight(string(s), "/") + "/" + path)
	}
	path = filepath.Join(string(s), path)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return readFile(path)
}

func get(url string) []byte {
	answer, err := client.Get(url)
	if err != nil {
		unable("%v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone {
		return nil
	} else if answer.StatusCode != http.StatusOK {
		unable("%s: %s", url, answer.Status)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, mostBytes+1))
	if err != nil {
		unable("%s: %v", url, err)
	} else if len(data) > mostBytes {
		wrong("%s is larger than any tile or bundle", url)
	}
	return data
}

// tilePath turns tlog's tile/8/L/N and tile/8/data/N into C2SP's tile/L/N and tile/entries/N.
func tilePath(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", height))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

// readTile reads a tile, or a bundle if t.L is -1, and says which it read: once the full one exists a log may
// drop the partial one, so the full one will do instead.
func (s source) readTile(t tlog.Tile) ([]byte, tlog.Tile) {
	full := t
	full.W = fullWidth
	for _, try := range []tlog.Tile{t, full} {
		if data := s.read(tilePath(try)); data != nil {
			return data, try
		}
	}
	wrong("%s is not there", tilePath(t))
	return nil, t
}

// Height, ReadTiles and SaveTiles make the served tiles a tlog.TileReader, which is what proofs are made from.
func (s source) Height() int { return height }

func (s source) SaveTiles([]tlog.Tile, [][]byte) {}

func (s source) ReadTiles(tiles []tlog.Tile) (all [][]byte, _ error) {
	for _, t := range tiles {
		data, got := s.readTile(t)
		if len(data) != got.W*tlog.HashSize {
			wrong("%s has %d bytes, not %d", tilePath(got), len(data), got.W*tlog.HashSize)
		}
		all = append(all, data[:t.W*tlog.HashSize])
	}
	return all, nil
}

// parseCheckpoint verifies the signature and reads the tree; name is the file, for messages.
func parseCheckpoint(name string, raw []byte, key note.Verifier) tlog.Tree {
	signed, err := note.Open(raw, note.VerifierList(key))
	if err != nil {
		wrong("%s: %v", name, err)
	}
	origin, rest, _ := strings.Cut(signed.Text, "\n")
	if origin != key.Name() {
		wrong("%s: origin is %q, not %q", name, origin, key.Name())
	}
	// tlog reads exactly this text under the first line of Go's own log.
	text := "go.sum database tree\n" + rest
	tree, err := tlog.ParseTree([]byte(text))
	if err != nil || !strings.HasPrefix(text, string(tlog.FormatTree(tree))) {
		wrong("%s: size or root is malformed", name)
	} else if strings.Contains(text, "\n\n") {
		wrong("%s: empty line in the text", name)
	} else if tree.N == 0 && tree.Hash != sha256.Sum256(nil) {
		wrong("%s: root of an empty tree is not the hash of nothing", name)
	}
	return tree
}

// mirror is the tree as recomputed from the entries: tlog's stored hashes, in its order.
type mirror struct {
	hashes []tlog.Hash
	size   int64
}

func (m *mirror) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = m.hashes[index]
	}
	return found, nil
}

func (m *mirror) leaf(n int64) tlog.Hash { return m.hashes[tlog.StoredHashIndex(0, n)] }

// extend reads the entries beyond m and checks every tile that these change, then the root.
func (m *mirror) extend(tree tlog.Tree, s source) {
	before := m.size
	for n := before / fullWidth; m.size < tree.N; n++ {
		m.addBundle(tileOf(-1, n, tree.N), s)
	}
	for level := 0; tree.N>>(height*level) > 0; level++ {
		width := tree.N >> (height * level)
		for n := before >> (height * (level + 1)); n*fullWidth < width; n++ {
			m.checkTile(tileOf(level, n, width), s)
		}
	}
	if tree.N == 0 {
		return
	}
	if root, err := tlog.TreeHash(tree.N, m); err != nil || root != tree.Hash {
		wrong("root of the %d entries is %v, the checkpoint says %v", tree.N, root, tree.Hash)
	}
}

// tileOf is the n-th tile of a level that is width hashes wide.
func tileOf(level int, n, width int64) tlog.Tile {
	t := tlog.Tile{H: height, L: level, N: n, W: fullWidth}
	if left := width - n*fullWidth; left < fullWidth {
		t.W = int(left)
	}
	return t
}

func (m *mirror) addBundle(t tlog.Tile, s source) {
	data, got := s.readTile(t)
	for i, entry := range splitBundle(data, got)[:t.W] {
		if index := t.N*fullWidth + int64(i); index == m.size {
			hashes, err := tlog.StoredHashes(index, entry, m)
			if err != nil {
				wrong("%v", err)
			}
			m.hashes = append(m.hashes, hashes...)
			m.size++
		} else if tlog.RecordHash(entry) != m.leaf(index) {
			wrong("%s: entry %d has changed since it was first read", tilePath(got), index)
		}
	}
}

func splitBundle(data []byte, t tlog.Tile) (entries [][]byte) {
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			wrong("%s ends inside its entry %d", tilePath(t), len(entries))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	if len(entries) != t.W {
		wrong("%s holds %d entries, not %d", tilePath(t), len(entries), t.W)
	}
	return entries
}

func (m *mirror) checkTile(t tlog.Tile, s source) {
	want, err := tlog.ReadTileData(t, m)
	if err != nil {
		wrong("%v", err)
	}
	served, _ := s.ReadTiles([]tlog.Tile{t})
	for i := range want {
		if want[i] != served[0][i] {
			wrong("%s: hash %d is not what the entries give", tilePath(t), i/tlog.HashSize)
		}
	}
}

func checkNotShorter(older, now tlog.Tree) {
	if older.N > now.N {
		wrong("the log went back from size %d to %d", older.N, now.N)
	}
}

// checkConsistent proves from the served tiles that the tree begins with the older one.
func checkConsistent(older, now tlog.Tree, s source) {
	if older.N == 0 {
		return
	}
	proof, err := tlog.ProveTree(now.N, older.N, tlog.TileHashReader(now, s))
	if err != nil {
		wrong("consistency of size %d with %d: %v", now.N, older.N, err)
	} else if tlog.CheckTree(proof, now.N, now.Hash, older.N, older.Hash) != nil {
		wrong("fork: the tree of size %d does not begin with the tree of size %d, root %v", now.N, older.N, older.Hash)
	}
}

func checkInclusion(m *mirror, tree tlog.Tree, s source, count int, seed int64) {
	if count > 0 && tree.N == 0 {
		wrong("nothing to prove: the log is empty")
	}
	random := rand.New(rand.NewSource(seed))
	for ; count > 0; count-- {
		n := random.Int63n(tree.N)
		proof, err := tlog.ProveRecord(tree.N, n, tlog.TileHashReader(tree, s))
		if err == nil {
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, n, m.leaf(n))
		}
		if err != nil {
			wrong("inclusion of entry %d: %v", n, err)
		}
	}
}

// checkProof verifies a c2sp.org/tlog-proof@v1 and returns the tree its checkpoint speaks of.
func checkProof(name string, text string, entry []byte, key note.Verifier) tlog.Tree {
	head, checkpoint, found := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		wrong("%s: not a c2sp.org/tlog-proof@v1", name)
	}
	if lines = lines[1:]; len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		extra := strings.TrimPrefix(lines[0], "extra ")
		data, err := base64.StdEncoding.DecodeString(extra)
		if err != nil || extra == "" || base64.StdEncoding.EncodeToString(data) != extra {
			wrong("%s: bad extra line", name)
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		wrong("%s: no index line where it should be", name)
	}
	index, err := strconv.ParseInt(lines[0][len("index "):], 10, 64)
	if err != nil || index < 0 || lines[0] != fmt.Sprintf("index %d", index) {
		wrong("%s: bad index line", name)
	}
	var proof tlog.RecordProof
	for i, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil || hash.String() != line {
			wrong("%s: hash %d is malformed", name, i)
		}
		proof = append(proof, hash)
	}
	tree := parseCheckpoint(name, []byte(checkpoint), key)
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		wrong("%s: entry %d in the tree of size %d: %v", name, index, tree.N, err)
	}
	return tree
}

// follow verifies the log as it is now and then each later checkpoint seen, until it has the size wanted. All
// must be consistent with the trees known before.
func follow(s source, key note.Verifier, known []tlog.Tree, until int64,
	wait time.Duration) (m *mirror, tree tlog.Tree, last []byte) {
	m = &mirror{}
	for deadline := time.Now().Add(wait); ; time.Sleep(pollEvery) {
		raw := s.read("checkpoint")
		if raw == nil {
			unable("%s: checkpoint is not there", s)
		}
		if last == nil || !bytes.Equal(raw, last) {
			tree = parseCheckpoint("checkpoint", raw, key)
			for _, older := range known {
				checkNotShorter(older, tree)
			}
			m.extend(tree, s)
			for _, older := range known {
				checkConsistent(older, tree, s)
			}
			known, last = []tlog.Tree{tree}, raw // which vouches for the older ones
		}
		if tree.N >= until {
			return m, tree, last
		} else if time.Now().After(deadline) {
			wrong("size is still %d after %v, not %d", tree.N, wait, until)
		}
	}
}

func main() {
	if len(os.Args) < 3 {
		unable("usage: tlog_verify LOCATION VKEY [flags]")
	}
	s := source(os.Args[1])
	key, err := note.NewVerifier(os.Args[2])
	if err != nil {
		unable("VKEY: %v", err)
	}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	prove := flags.Int("prove", 0, "")
	seed := flags.Int64("seed", 1, "")
	old := flags.String("old", "", "")
	save := flags.String("save", "", "")
	proof := flags.String("proof", "", "")
	entry := flags.String("entry", "", "")
	each := flags.Bool("each", false, "")
	until := flags.Int64("until", 0, "")
	wait := flags.Duration("wait", time.Minute, "")
	err = flags.Parse(os.Args[3:])
	switch {
	case err != nil:
		unable("%v", err)
	case flags.NArg() > 0 || *prove < 0 || *until < 0:
		unable("an argument too many, or a negative number")
	case (*proof == "") != (*entry == "") || *each != (*until > 0):
		unable("-proof goes with -entry, and -each with -until")
	case s == "-" && (*proof == "" || *each || *prove > 0 || *old != "" || *save != ""):
		unable("without a location only -proof and -entry can be checked")
	}

	var known []tlog.Tree
	if *old != "" {
		known = append(known, parseCheckpoint(*old, readFile(*old), key))
	}
	if *proof != "" {
		known = append(known, checkProof(*proof, string(readFile(*proof)), readFile(*entry), key))
	}
	var tree tlog.Tree
	if s == "-" {
		tree = known[0]
	} else {
		m, now, raw := follow(s, key, known, *until, *wait)
		checkInclusion(m, now, s, *prove, *seed)
		tree = now
		if *save != "" {
			if err := os.WriteFile(*save, raw, 0o644); err != nil {
				unable("%v", err)
			}
		}
	}
	fmt.Printf("ok size=%d root=%v\n", tree.N, tree.Hash)
}
