package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
)

// link is the way to Redis of everything that a request waits for. No command
// takes longer than the timeout, but for one that meets rueidis while it dials:
// that may take a second more. After a few that got no answer only one at a time
// finds out whether Redis is back; the others are refused at once, so that an
// outage piles up neither requests nor goroutines.
type link struct {
	client  rueidis.Client
	timeout time.Duration
	// places bound the commands under way: rueidis queues them, and whoever meets
	// a full queue waits there whatever their context says.
	places chan struct{}

	failures atomic.Int64 // in a row
	retry    atomic.Int64 // when the next may try, in Unix nanoseconds
}

const (
	maxCommands = 256 // under way; the queue of one connection takes 1,024
	patience    = 5   // how many failures in a row are an outage
)

func newLink(client rueidis.Client, timeout time.Duration) *link {
	return &link{client: client, timeout: timeout, places: make(chan struct{}, maxCommands)}
}

var errAway = errors.New("redis: out of reach: the last commands got no answer")

// do runs one command. Redis' nil is no error.
func (l *link) do(ctx context.Context, command rueidis.Completed) (result rueidis.RedisResult, err error) {
	err = l.run(ctx, func(ctx context.Context) error {
		result = l.client.Do(ctx, command)
		return failure(result)
	})
	return result, err
}

// doMulti runs several, and gives the first error that is not Redis' nil.
func (l *link) doMulti(ctx context.Context, commands ...rueidis.Completed) (results []rueidis.RedisResult, err error) {
	err = l.run(ctx, func(ctx context.Context) error {
		results = l.client.DoMulti(ctx, commands...)
		for _, result := range results {
			if err := failure(result); err != nil {
				return err
			}
		}
		return nil
	})
	return results, err
}

func failure(result rueidis.RedisResult) error {
	if err := result.Error(); err != nil && !rueidis.IsRedisNil(err) {
		return err
	}
	return nil
}

func (l *link) run(ctx context.Context, command func(context.Context) error) error {
	if err := l.enter(); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	select {
	case l.places <- struct{}{}:
		defer func() { <-l.places }()
		return l.leave(ctx, command(limited))
	case <-limited.Done():
		return l.leave(ctx, limited.Err())
	}
}

// enter refuses what would only wait for Redis to come back.
func (l *link) enter() error {
	if l.failures.Load() < patience {
		return nil
	}
	now := time.Now().UnixNano()
	retry := l.retry.Load()
	if now < retry || !l.retry.CompareAndSwap(retry, now+int64(l.timeout)) {
		return errAway
	}
	return nil
}

// leave counts what came of a command, unless the caller has left. What Redis
// itself answers is no outage, but for the words of one that is starting.
func (l *link) leave(ctx context.Context, err error) error {
	if err == nil {
		l.failures.Store(0)
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if answered, ok := rueidis.IsRedisErr(err); ok && !answered.IsLoading() && !answered.IsClusterDown() {
		l.failures.Store(0)
	} else {
		l.failures.Add(1)
	}
	return fmt.Errorf("redis: %w", err)
}
