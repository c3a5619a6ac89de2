// Package replicas runs examples/website three times behind a balancer, with one
// Redis between them, and breaks what breaks in production: a replica is killed,
// Redis hangs, dies, or comes back empty.
//
//	go test -race -count=1 -v ./replicas/
//
// The figures are logged, and only those that are promised are asserted. The
// count matters, as in website/. Without redis-server the tests are skipped, but
// in CI they fail.
package replicas
