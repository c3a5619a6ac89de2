// Package redis connects the replicas of one application over Redis or Valkey:
// visitors are signed in on all of them, and a sign-out or a revocation on one is
// heard by the others within milliseconds.
//
//	client, err := rueidis.NewClient(rueidis.MustParseURL("redis://10.0.0.5:6379"))
//	replicas, err := redis.New(client, redis.Config{EncryptionKeys: keys})
//	defer replicas.Close()
//	cache := replicas.NewCache(secureFlows, middleware.CacheConfig{})
//	bearer := middleware.NewBearer(cache, middleware.BearerConfig{})
//	browser, err := middleware.NewBrowser(secureFlows, middleware.BrowserConfig{
//		Resolver: cache, Store: replicas.Store(), EncryptionKeys: keys, ...
//	})
package redis
