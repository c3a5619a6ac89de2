package jwtverify_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func BenchmarkPeek(b *testing.B) {
	for name, s := range signers() {
		token := s.token()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := jwtverify.Peek(token); !ok {
					b.Fatal("it has no shape")
				}
			}
		})
	}
}

// BenchmarkVerify has the keys in memory: ES256 and RS256 those of a key set.
func BenchmarkVerify(b *testing.B) {
	for name, v := range verifiers(b) {
		token := signers()[name].token("user_id", 7)
		verify := func() error {
			var claims struct {
				UserID int64 `json:"user_id"`
			}
			_, err := v.Verify(context.Background(), token, &claims)
			return err
		}
		require.NoError(b, verify())
		b.Run(name+"/serial", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verify(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(loop *testing.PB) {
				for loop.Next() {
					if err := verify(); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// BenchmarkUnknownKey is a token of a flood: it costs no signature.
func BenchmarkUnknownKey(b *testing.B) {
	v := verifier(b, jwtverify.Config{Algorithms: []string{"ES256"}, Keys: newIssuer(usual()).keysWith(b, jwtverify.KeySetConfig{Now: at}), Now: at})
	token := unknown(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(context.Background(), token, nil); err == nil {
			b.Fatal("it is accepted")
		}
	}
}
