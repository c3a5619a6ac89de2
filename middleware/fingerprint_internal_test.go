package middleware

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFingerprints(t *testing.T) {
	one, other := newFingerprinter(), newFingerprinter()
	assert.NotEqual(t, one.blocks, other.blocks, "caches share a key")
	assert.NotEqual(t, one.halves, other.halves, "caches share a key")
	seen := map[fingerprint]string{}
	texts := []string{"", "a", "A", "aa", "abc", "abc=", "abc==", strings.Repeat("a", 16<<10)}
	for i := range 10_000 {
		texts = append(texts, fmt.Sprint("user-", i))
	}
	shards := map[uint64]int{}
	for _, text := range texts {
		key := one.of(text)
		assert.Equal(t, key, one.of(strings.Clone(text)))
		assert.NotEqual(t, key, other.of(text), "a fingerprint means something outside its cache")
		assert.Empty(t, seen[key])
		assert.NotZero(t, key[0])
		assert.NotZero(t, key[1])
		assert.NotEqual(t, key[0], key[1])
		seen[key] = text
		shards[key[0]%shardCount]++
	}
	assert.Len(t, shards, shardCount)
	for shard, count := range shards {
		assert.InDelta(t, 10_000/shardCount, count, 80, "shard %d", shard)
	}
}

// The cache holds nothing that is, or contains, a token.
func TestNoTokenIsKept(t *testing.T) {
	const canary = "cAnAry.Qm9zc2VzdG8gYmUga2VwdCBzZWNyZXQ"
	f := newFingerprinter()
	text := fmt.Sprintf("%v %+v %#v %x", f.of(canary), f.of(canary), f.of(canary), f.of(canary))
	assert.NotContains(t, text, canary[:8])
	assert.NotContains(t, text, fmt.Sprintf("%x", canary[:8]))
}

// reference computes a fingerprint as its description says, in large numbers.
func (f *fingerprinter) reference(token string) fingerprint {
	padded := []byte(token)
	switch rest := len(token) % blockBytes; {
	case len(token) < blockBytes:
		padded = append(padded, "0123456789abcdef"[:blockBytes-len(token)]...)
	case rest > 0:
		padded = append(padded[:len(token)-rest:len(token)-rest], token[len(token)-blockBytes:]...)
	}
	number := func(word uint64) *big.Int { return new(big.Int).SetUint64(word) }
	wide := func(high, low uint64) *big.Int {
		return new(big.Int).Add(new(big.Int).Lsh(number(high), 64), number(low))
	}
	modulus := new(big.Int).Lsh(big.NewInt(1), 128)
	var result fingerprint
	for half := range result {
		sum := new(big.Int)
		for at := 0; at < len(padded); at += blockBytes {
			key := f.blocks[at/blockBytes+half]
			m0, m1 := binary.LittleEndian.Uint64(padded[at:]), binary.LittleEndian.Uint64(padded[at+8:])
			sum.Add(sum, new(big.Int).Mul(number(m0+key[0]), number(m1+key[1])))
		}
		sum.Mod(sum, modulus)
		low := new(big.Int).And(sum, number(^uint64(0)))
		high := new(big.Int).Rsh(sum, 64)
		key := f.halves[half]
		total := wide(key[6], key[7])
		for i, word := range []*big.Int{low, high, number(uint64(len(token)))} {
			total.Add(total, new(big.Int).Mul(wide(key[2*i], key[2*i+1]), word))
		}
		total.Mod(total, modulus)
		result[half] = total.Rsh(total, 64).Uint64()
	}
	return result
}

func TestFingerprintsAreAsDescribed(t *testing.T) {
	f := newFingerprinter()
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 400)
	for length := range 600 {
		assert.Equal(t, f.reference(text[:length]), f.of(text[:length]), "%d bytes", length)
	}
	for _, length := range []int{1000, maxTokenBytes - 17, maxTokenBytes - 16, maxTokenBytes - 15, maxTokenBytes - 1, maxTokenBytes} {
		assert.Equal(t, f.reference(text[:length]), f.of(text[:length]), "%d bytes", length)
	}
}

// The largest words that can be, for the carries.
func TestFingerprintsCarry(t *testing.T) {
	f := newFingerprinter()
	for i := range f.blocks {
		f.blocks[i] = [2]uint64{}
	}
	for half := range f.halves {
		for i := range f.halves[half] {
			f.halves[half][i] = ^uint64(0)
		}
	}
	for _, length := range []int{16, 43, 400, maxTokenBytes} {
		text := strings.Repeat("\xff", length)
		assert.Equal(t, f.reference(text), f.of(text), "%d bytes", length)
	}
}

func TestFingerprintsTellSimilarTextsApart(t *testing.T) {
	f := newFingerprinter()
	seen := map[fingerprint]string{}
	see := func(text string) {
		key := f.of(text)
		before, known := seen[key]
		assert.False(t, known && before != text, "%q and %q", before, text)
		seen[key] = text
	}
	for length := range 601 {
		see(strings.Repeat("\x00", length))
		see(strings.Repeat("a", length))
		see("a" + strings.Repeat("\x00", length))
		see(("" + "0123456789abcdef0123456789abcdef")[:length%33]) // what short texts are filled up with
	}
	for _, length := range []int{1, 7, 8, 15, 16, 17, 31, 32, 33, 43, 400, 401} {
		text := bytes.Repeat([]byte("x"), length)
		for i := range text {
			for bit := range 8 {
				text[i] ^= 1 << bit
				see(string(text))
				text[i] ^= 1 << bit
			}
		}
		// Blocks and words that change places.
		for distance := range min(length, 40) {
			text[0], text[distance] = 'p', 'q'
			see(string(text))
			text[0], text[distance] = 'q', 'p'
			see(string(text))
			text[0], text[distance] = 'x', 'x'
		}
	}
}

// Each half has keys of its own: a collision in one is none in the other.
func TestTheHalvesDoNotFollowEachOther(t *testing.T) {
	f := newFingerprinter()
	f.blocks[0] = [2]uint64{} // the products of a block of zeroes are all 0 then
	zeroes := strings.Repeat("\x00", 8)
	one, other := f.of(zeroes+"11111111"), f.of(zeroes+"22222222")
	assert.Equal(t, one[0], other[0], "the weak key was not used")
	assert.NotEqual(t, one[1], other[1])
}

func FuzzFingerprint(f *testing.F) {
	hash := newFingerprinter()
	f.Add("", "a")
	f.Add("a", "a\x00")
	f.Add(strings.Repeat("x", 43), strings.Repeat("x", 44))
	f.Fuzz(func(t *testing.T, one, other string) {
		if len(one) > maxTokenBytes || len(other) > maxTokenBytes {
			t.Skip()
		}
		assert.Equal(t, hash.reference(one), hash.of(one))
		assert.Equal(t, one == other, hash.of(one) == hash.of(other))
	})
}
