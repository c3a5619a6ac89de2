// Package benchmarks measures what it costs per request to learn who makes it:
// the middleware of this SDK beside its peers, in one run. README.md has the
// last figures; the command that takes and writes them anew is
//
//	go run -C benchmarks ./cmd/table
//
// It is a module of its own, so that the SDK does not depend on its peers.
package benchmarks
