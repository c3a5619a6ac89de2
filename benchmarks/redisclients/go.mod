module github.com/secureflows/secureflows-go/benchmarks/redisclients

go 1.25.0

replace github.com/secureflows/secureflows-go => ../../

require (
	github.com/redis/go-redis/v9 v9.22.0
	github.com/redis/rueidis v1.0.79
	github.com/secureflows/secureflows-go v0.0.0-00010101000000-000000000000
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	go.uber.org/atomic v1.11.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
