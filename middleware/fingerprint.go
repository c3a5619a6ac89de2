package middleware

import (
	"crypto/rand"
	"encoding/binary"
	"math/bits"
	"time"
)

// fingerprint stands for a token in the cache, so that the cache holds no token
// that a memory dump would give away: of the tokens of 43 random characters,
// 2^130 have the same one.
//
// It is a universal hash of 128 bits under a random key that never leaves the
// process. Whatever two tokens somebody chooses who does not know the key, their
// fingerprints are equal with a chance of at most 2^-126; the proof stands at
// fingerprinter. That is what keeps two users apart, and what a hash of 64
// bits, or one that is merely well mixed (hash/maphash), would not promise.
//
// Such a hash must not be shown: with fingerprints in hand, unlike those of a
// pseudorandom function, the key could be computed. Nobody outside sees more
// than whether a token is known. In exchange, 400 bytes take less than half the
// time that SipHash-2-4 takes, and about two thirds of that of AES-GMAC.
type fingerprint [2]uint64

// fingerprinter is the key of one cache.
//
// A fingerprint has two halves. Each adds up, modulo 2^128, one product for
// every block of the token, (m0+k0)·(m1+k1), both factors modulo 2^64: NH, the
// hash of UMAC (Black et al., CRYPTO '99). Of two texts of one length that
// differ in the m0 of a block, at most one value of its k1 makes the sums equal,
// and the other way round: a chance of at most 2^-64. The second half uses the
// keys of the next block. In the last block in which the texts differ, its key
// is thus one that the first half has not used where they do, and its chance
// stands whatever became of the first.
//
// The sum and the length then go through multiply-shift, under keys of each
// half's own (Thorup, "High Speed Hashing for Integers and Strings"), which
// makes different ones equal with a chance of 2^-64. Each half is equal with at
// most 2^-63, then, and both with 2^-126.
type fingerprinter struct {
	blocks [maxTokenBytes/blockBytes + 1][2]uint64
	halves [2]finish
}

const blockBytes = 16

// newFingerprinter draws a key.
func newFingerprinter() *fingerprinter {
	f := new(fingerprinter)
	random := make([]byte, binary.Size(f.blocks)+binary.Size(f.halves))
	_, _ = rand.Read(random) // never fails: crypto/rand
	draw := func(words []uint64) {
		for i := range words {
			words[i] = binary.NativeEndian.Uint64(random)
			random = random[8:]
		}
	}
	for i := range f.blocks {
		draw(f.blocks[i][:])
	}
	for i := range f.halves {
		draw(f.halves[i][:])
	}
	return f
}

// of gives the fingerprint of a token, which is not longer than a token may be.
func (f *fingerprinter) of(token string) fingerprint {
	var first, second sum
	text, at := token, 1
	key := &f.blocks[0]
	for ; len(text) > blockBytes; text = text[blockBytes:] {
		next := &f.blocks[at]
		m0, m1 := word(text), word(text[8:])
		first, second = first.plus(m0+key[0], m1+key[1]), second.plus(m0+next[0], m1+next[1])
		key, at = next, at+1
	}
	// What does not fill the last block is filled up from before it; with the
	// length known, that is one to one.
	if len(token) < blockBytes {
		text = (token + "0123456789abcdef")[:blockBytes]
	} else {
		text = token[len(token)-blockBytes:]
	}
	next := &f.blocks[at]
	m0, m1 := word(text), word(text[8:])
	first, second = first.plus(m0+key[0], m1+key[1]), second.plus(m0+next[0], m1+next[1])
	length := uint64(len(token))
	return fingerprint{f.halves[0].of(first, length), f.halves[1].of(second, length)}
}

// word gives the first eight bytes as a number: one load, as the compiler makes
// it. encoding/binary would take a copy of the token.
func word(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// sum is a number modulo 2^128.
type sum struct{ high, low uint64 }

// plus adds x·y.
func (s sum) plus(x, y uint64) sum {
	high, low := bits.Mul64(x, y)
	low, carry := bits.Add64(s.low, low, 0)
	high, _ = bits.Add64(s.high, high, carry)
	return sum{high, low}
}

// finish is the key of a multiply-shift: three factors and an addend, of 128
// bits each, the high words first.
type finish [8]uint64

// of gives the upper half of the sum of the products and the addend.
func (f *finish) of(s sum, length uint64) uint64 {
	total := sum{f[6], f[7]}
	total = total.plus(f[1], s.low)
	total = total.plus(f[3], s.high)
	total = total.plus(f[5], length)
	return total.high + f[0]*s.low + f[2]*s.high + f[4]*length
}

// instant is a moment of the monotonic clock, which no correction of the wall
// clock moves; on Linux it stands still while the machine sleeps, and so do the
// ages of answers. time.Since costs half of time.Now.
type instant time.Duration

var start = time.Now()

func now() instant { return instant(time.Since(start)) }

func (i instant) since(earlier instant) time.Duration { return time.Duration(i - earlier) }

// ago gives the moment d before i.
func (i instant) ago(d time.Duration) instant { return i - instant(d) }
