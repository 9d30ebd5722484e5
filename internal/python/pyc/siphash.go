package pyc

import (
	"encoding/binary"
	"math/bits"
)

// sourceHash is importlib.util.source_hash: SipHash with the magic number as
// the first half of the key and zero as the second.
// (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012)
func sourceHash(magic uint32, source []byte, compression, finalization int) uint64 {
	const c0, c1, c2, c3 = 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573
	k0, k1 := uint64(magic), uint64(0)
	v0, v1, v2, v3 := k0^c0, k1^c1, k0^c2, k1^c3
	round := func() {
		v0 += v1
		v1 = bits.RotateLeft64(v1, 13) ^ v0
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v3
		v3 = bits.RotateLeft64(v3, 16) ^ v2
		v0 += v3
		v3 = bits.RotateLeft64(v3, 21) ^ v0
		v2 += v1
		v1 = bits.RotateLeft64(v1, 17) ^ v2
		v2 = bits.RotateLeft64(v2, 32)
	}
	last := uint64(len(source)) << 56
	for ; len(source) >= 8; source = source[8:] {
		m := binary.LittleEndian.Uint64(source)
		v3 ^= m
		for range compression {
			round()
		}
		v0 ^= m
	}
	for i, b := range source {
		last |= uint64(b) << (8 * i)
	}
	v3 ^= last
	for range compression {
		round()
	}
	v0 ^= last
	v2 ^= 0xff
	for range finalization {
		round()
	}
	return v0 ^ v1 ^ v2 ^ v3
}
