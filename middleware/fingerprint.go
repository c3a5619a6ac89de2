package middleware

import (
	"crypto/rand"
	"encoding/binary"
	"time"
	"unsafe"

	"github.com/dchest/siphash"
)

// fingerprint stands for a token in the cache, so that the cache holds no token
// that a memory dump would give away.
//
// It is SipHash-2-4 of 128 bits under a random key that never leaves the
// process: a pseudorandom function, so that whoever does not know the key
// cannot make two tokens of equal fingerprint but by guessing at one chance in
// 2^128. That is what keeps two users apart, and what a hash of 64 bits, or one
// that is merely well mixed (hash/maphash), would not promise. SHA-256 would,
// at six times the cost where the processor has no instruction for it.
type fingerprint [2]uint64

// fingerprinter is the key of one cache.
type fingerprinter [2]uint64

func newFingerprinter() fingerprinter {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails: crypto/rand
	return fingerprinter{binary.NativeEndian.Uint64(key[:8]), binary.NativeEndian.Uint64(key[8:])}
}

func (f *fingerprinter) of(token string) fingerprint {
	// The bytes are only read, and not kept: a conversion would copy them to
	// the heap for every request.
	text := unsafe.Slice(unsafe.StringData(token), len(token))
	high, low := siphash.Hash128(f[0], f[1], text)
	return fingerprint{high, low}
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
