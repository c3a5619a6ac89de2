// Package redis connects the replicas of one application over Redis or Valkey. A
// visitor who signs in on one is signed in on all, and a sign-out or a revocation
// on one is heard by the others within milliseconds, not after MaxAge.
//
//	connection, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{"10.0.0.5:6379"}})
//	replicas, err := redis.New(connection, redis.Config{EncryptionKeys: keys, Logger: logger})
//	defer replicas.Close()
//	cache := replicas.NewCache(client, middleware.CacheConfig{})
//
// The cache is that of a Bearer, and the store that of a Browser:
//
//	bearer := middleware.NewBearer(cache, middleware.BearerConfig{})
//	browser, err := middleware.NewBrowser(client, middleware.BrowserConfig{
//		CallbackURL:    callbackURL,
//		AfterLogout:    siteURL + "/",
//		Resolver:       cache,
//		Store:          replicas.Store(),
//		EncryptionKeys: keys,
//	})
//
// The connection is the application's own: a single server of version 6.2 or
// later, sentinels or a cluster, with or without TLS. Its options need no
// change.
//
// # What is told
//
// What [secureflows.Client.OnSignedOut] reports on one replica (a logout, a
// revocation, a renewal, a token that was good and is refused) ends the answers
// of all, those on their way included; so does [middleware.Cache.Forget], which
// Browser.Logout calls. It travels as a keyed hash of the token in a stream of
// Redis, which each replica reads on from where it was: a connection that breaks
// loses nothing. Where the stream does not go on, because Redis has lost its
// data, everything kept in memory is asked for anew.
//
// # What an outage costs
//
// Answers and sign-ins that are in memory are used for MaxAge, as if there were
// no other replicas; so long, at worst, goes a sign-out elsewhere unnoticed. A
// page whose visitor is not in memory is a 503, after Config.Timeout at first and
// at once later, and nobody is signed out. [Stats] and one line in the log say
// so, and another when it is over; what was signed out meanwhile is told then.
//
// # What Redis sees
//
//	<prefix>events           keyed hashes of tokens, and ids of records
//	<prefix>record:<id>      a sign-in, encrypted; id is a digest of the cookie
//	<prefix>record:state-…   a return of hosted login, used up
//	<prefix>record:renewal-… a renewal under way
//	<prefix>answer:{<hash>}  an identity, encrypted, with Config.ShareAnswers
//	<prefix>ended:{<hash>}   a token that has ended, with Config.ShareAnswers
//
// All but the first end by themselves, and of the first what is older than MaxAge
// and some minutes. Whoever writes to Redis can make replicas ask the service
// once more, and can take sign-ins away; admitting somebody takes a key.
//
// # Common mistakes
//
//   - A cache of middleware.NewCache beside a Store of this package: sign-ins are
//     shared, and revocations are not heard. Use [Replicas.NewCache].
//   - Keys made up at the start of each process: replicas cannot read each
//     other's sign-ins, and visitors go round in circles until they are stopped.
//     Keep the keys where the application keeps its secrets.
//   - A prefix shared by two applications that do not have the same keys, or by
//     production and a test: give each its own.
//   - One [Replicas] per request or route: each reads the stream by itself. Make
//     one per process.
//   - A Redis that evicts keys when its memory is full (maxmemory-policy
//     allkeys-…): it signs people out. Let it refuse writes, with noeviction.
package redis
