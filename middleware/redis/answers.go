package redis

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go"
)

// answers are the service's answers that replicas share, encrypted. They are an
// offer: without them, or while Redis is away, the service is asked.
type answers struct {
	replicas *Replicas
	enabled  bool
	// ended are tokens that ended lately: answers about them are neither read
	// nor written, also before Redis has been told.
	ended  *generations[tag, struct{}]
	places chan struct{} // for writers
}

// answer is one in Redis. What Redis says is left of its life tells its age,
// whatever the clocks of replicas show; and when it was asked for, lest somebody
// writes to Redis who prolongs that.
type answer struct {
	Of       string               `json:"of,omitempty"` // see origin
	Identity secureflows.Identity `json:"identity"`
	Asked    time.Time            `json:"asked"`
	MaxAge   time.Duration        `json:"maxAge"` // its whole life
}

const maxWriters = 64

func newAnswers(r *Replicas) *answers {
	return &answers{
		replicas: r, enabled: r.config.ShareAnswers,
		ended:  newGenerations[tag, struct{}](r.maxAge+flightAge, r.config.MaxEntries),
		places: make(chan struct{}, maxWriters),
	}
}

// The two keys about a token lie in one slot of a cluster.
func (a *answers) key(about tag) string {
	return a.replicas.config.Prefix + "answer:{" + about.String() + "}"
}
func (a *answers) endedKey(about tag) string {
	return a.replicas.config.Prefix + "ended:{" + about.String() + "}"
}

// find gives the answer about a token that was asked for at most maxAge ago, and
// how long ago.
func (a *answers) find(ctx context.Context, about tag, of string, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, found bool) {
	if !a.enabled || maxAge <= 0 {
		return secureflows.Identity{}, 0, false
	}
	if _, ended := a.ended.get(about); ended {
		return secureflows.Identity{}, 0, false
	}
	b := a.replicas.client.B()
	results, err := a.replicas.link.doMulti(ctx,
		b.Get().Key(a.key(about)).Build(), b.Pttl().Key(a.key(about)).Build(), b.Exists().Key(a.endedKey(about)).Build())
	if err == nil {
		identity, age, found = a.read(about, of, results)
	}
	if !found || age > maxAge {
		a.replicas.counts.answersMissed.Add(1)
		return secureflows.Identity{}, 0, false
	}
	a.replicas.counts.answersShared.Add(1)
	return identity, age, true
}

func (a *answers) read(about tag, of string, results []rueidis.RedisResult) (identity secureflows.Identity, age time.Duration, ok bool) {
	sealed, err := results[0].AsBytes()
	left, ttlErr := results[1].AsInt64()
	ended, endedErr := results[2].AsInt64()
	if err != nil || ttlErr != nil || endedErr != nil || left <= 0 || ended != 0 {
		return secureflows.Identity{}, 0, false
	}
	text, ok := a.replicas.keys.open(about, sealed)
	var shared answer
	if !ok || json.Unmarshal(text, &shared) != nil || shared.Of != of {
		return secureflows.Identity{}, 0, false
	}
	age = max(0, shared.MaxAge-time.Duration(left)*time.Millisecond, time.Since(shared.Asked))
	return shared.Identity, age, true
}

// share offers an answer that was asked for at a moment. It does not hold those
// who wait for it.
func (a *answers) share(about tag, of string, identity secureflows.Identity, asked time.Time, maxAge time.Duration) {
	if _, ended := a.ended.get(about); !a.enabled || ended {
		return
	}
	a.write(func(ctx context.Context) {
		left := maxAge - time.Since(asked)
		text, err := json.Marshal(answer{Of: of, Identity: identity, Asked: asked, MaxAge: maxAge})
		if err != nil || left < time.Millisecond {
			return
		}
		sealed := rueidis.BinaryString(a.replicas.keys.seal(about, text))
		_, _ = a.replicas.link.do(ctx, a.replicas.client.B().Set().Key(a.key(about)).Value(sealed).Px(left).Build())
	})
}

// withdraw takes back what was shared about a token, and what a replica that has
// not heard of its end may share still.
func (a *answers) withdraw(tags []tag) {
	if !a.enabled {
		return
	}
	for _, about := range tags {
		a.ended.put(about, struct{}{})
	}
	a.write(func(ctx context.Context) {
		b := a.replicas.client.B()
		for _, about := range tags {
			_, _ = a.replicas.link.doMulti(ctx,
				b.Set().Key(a.endedKey(about)).Value("").Px(a.replicas.maxAge+flightAge).Build(),
				b.Del().Key(a.key(about)).Build())
		}
	})
}

// heard notes that a token has ended elsewhere.
func (a *answers) heard(about tag) {
	if a.enabled {
		a.ended.put(about, struct{}{})
	}
}

// write does something in the background, unless too much is being done there:
// Redis is slow then. What is not shared is asked for, and what is not withdrawn
// is ignored by whoever has heard of the end.
func (a *answers) write(do func(context.Context)) {
	select {
	case a.places <- struct{}{}:
	default:
		return
	}
	started := a.replicas.background(func(ctx context.Context) {
		defer func() { <-a.places }()
		do(context.WithoutCancel(ctx)) // Close waits for it, no longer than a request would
	})
	if !started {
		<-a.places
	}
}
