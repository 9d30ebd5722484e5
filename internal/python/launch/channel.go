package launch

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"errors"
	"strconv"
)

// ChannelSource defines the Python class Channel(): the way of a script's
// result to Result.Data. Its method send(bytes) may be called any number of
// times. It runs on 3.8 and later.
//
//go:embed channel.py
var ChannelSource string

// ErrDisturbed says that a result cannot be told from what others wrote.
var ErrDisturbed = errors.New("something else wrote into the descriptor of the result")

// resultVariable tells a script where its result goes, "3:SECRET", or where
// descriptors are not inherited, "FILE:SECRET".
const resultVariable = "FASTPATH_RESULT"

// newSecret returns what marks the pieces of one result. It keeps accidents
// apart, such as a program that writes to all of its descriptors; code that
// wants to deceive runs in the same process and can read it.
func newSecret() string { return rand.Text() }

// frameMark begins each piece.
const frameMark = "\x1e"

// emptyPiece is the piece without content, by which a script says that it waits
// for the rest of its input, and that it has sent all.
func emptyPiece(secret string) []byte { return []byte(frameMark + secret + " 0 0\n") }

// unframe returns what was sent over a channel, joined, and all else that was
// written to its descriptor. The error is ErrDisturbed where a piece was
// damaged; what came before it is returned.
func unframe(raw []byte, secret string) (data, foreign []byte, err error) {
	mark := []byte(frameMark + secret + " ")
	for {
		before, rest, found := bytes.Cut(raw, mark)
		foreign = append(foreign, before...)
		if !found {
			return data, foreign, nil
		}
		piece, rest, ok := unframeOne(rest)
		if !ok {
			return data, append(foreign, raw[len(before):]...), ErrDisturbed
		}
		data, raw = append(data, piece...), rest
	}
}

// unframeOne reads length and checksum, and the piece that they belong to.
func unframeOne(raw []byte) (piece, rest []byte, ok bool) {
	head, _, ok := bytes.Cut(raw[:min(len(raw), 64)], []byte("\n"))
	if !ok {
		return nil, nil, false
	}
	rest = raw[len(head)+1:]
	length, sum, _ := bytes.Cut(head, []byte(" "))
	n, err := strconv.Atoi(string(length))
	if err != nil || n < 0 || n > len(rest) {
		return nil, nil, false
	}
	want, err := strconv.ParseUint(string(sum), 10, 64)
	return rest[:n], rest[n:], err == nil && checksum(rest[:n]) == want
}

// checksum is the number that bytes are, the last of them the most significant,
// modulo the largest prime below 2³².
func checksum(data []byte) uint64 {
	const prime = 4294967291
	var sum uint64
	for i := len(data) - 1; i >= 0; i-- {
		sum = (sum<<8 | uint64(data[i])) % prime
	}
	return sum
}
