// Package redistest runs a real redis-server for a test, and does to it what
// happens to one in production: it hangs, dies, and comes back with or without
// what it knew.
//
//	server := redistest.Start(t)
//	client := dial(server.URL())
//	server.Pause() // accepts connections, and answers nobody
//	server.Resume()
//
// It is the real one because that is what the store's promises rest on: what is
// atomic, what is invalidated and when, and what is left after a crash are
// things that a fake would have from the author of the store. Nothing here uses
// a client library, so that no client judges itself.
package redistest
