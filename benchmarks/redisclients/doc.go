// Package redisclients compares two Redis clients for Go, rueidis and go-redis,
// by what a web request pays for them and by what they do when Redis stops:
//
//	for i in $(seq 8); do go test -run - -bench . -count 1; done | tee figures
//	benchstat -col /client figures
//	go test -run Outage -outage 6 -v -timeout 30m
//
// The loop is around go test because -count repeats each benchmark by itself,
// and on a machine that others use too, only neighbours in time compare. Both
// need redis-server in the PATH. With RUEIDIS_QUEUE_TYPE=flowbuffer in the
// environment, rueidis takes its other queue, which heeds contexts when it is full.
//
// It is a module of its own, so that nothing else depends on both clients.
package redisclients
