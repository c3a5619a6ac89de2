package benchmarks_test

import (
	"testing"

	"github.com/secureflows/secureflows-go/benchmarks/internal/peers"
)

func BenchmarkRequest(b *testing.B) {
	all, closePeers, err := peers.New(peers.LiveTokens)
	if err != nil {
		b.Fatal(err)
	}
	defer closePeers()
	for _, peer := range all {
		b.Run(peer.Name+"/serial", peer.Serial)
		b.Run(peer.Name+"/parallel", peer.Parallel)
	}
}
