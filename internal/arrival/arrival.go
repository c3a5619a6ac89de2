// Package arrival lets package middleware hand a request on with its caller in
// one allocation, which takes the insides of the root package. What would be
// three (the session, the context, the copied request) stands on the path of
// every request of every user.
package arrival

// Attach is set by the root package when it is initialised, to a
//
//	func(r *http.Request, client *secureflows.Client, bearer string, identity *secureflows.Identity) *http.Request
//
// whose bearer is the text of a valid token, and whose identity is not written to
// any more. Its type is not said here because the root package imports this one.
var Attach any
