package middleware_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// TestTheCallerMayLeave: what it has claimed is withdrawn, and what it wrote may
// still arrive.
func TestTheCallerMayLeave(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newShelf(nil)
		replica := service.join(t, -1)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := middleware.Import(ctx, oldAccount, replica.session(t), func(ctx context.Context, _ secureflows.Identity) (map[string]any, error) {
			cancel()
			return nil, ctx.Err()
		})
		assert.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, service.values())

		ctx, cancel = context.WithCancel(t.Context())
		started := time.Now()
		replica.meet = func(_ int, _, key string) fate {
			if key == "b" && ctx.Err() == nil {
				cancel()
				return fate{before: time.Minute, late: 2 * time.Second}
			}
			return fate{}
		}
		_, err = middleware.Import(ctx, oldAccount, replica.session(t), tagged("first"))
		assert.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
		imported, err := middleware.Import(t.Context(), oldAccount, service.join(t, -1).session(t), tagged("second"))
		require.NoError(t, err)
		assert.True(t, imported)
		assert.GreaterOrEqual(t, time.Since(started), 5*time.Second)
		assert.Less(t, time.Since(started), 10*time.Second)
		checkImported(t, service)
	})
}

func TestWhoWaitsForAnImportMayLeave(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newShelf(map[string]string{importClaims + "x": claimUntil(time.Now().Add(time.Minute))})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		importer, asked := giving(nil)
		imported, err := middleware.Import(ctx, oldAccount, service.join(t, -1).session(t), importer)
		assert.False(t, imported)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "waiting for another call that imports")
		assert.Zero(t, asked.Load())
		assert.Empty(t, service.changes(), "who waits writes nothing")
	})
}

func claimUntil(at time.Time) string {
	text, _ := json.Marshal(map[string]time.Time{"until": at})
	return string(text)
}

// TestClaimsThatHoldNobodyBack are those that have ended, and those that no
// replica has made.
func TestClaimsThatHoldNobodyBack(t *testing.T) {
	for name, test := range map[string]struct {
		claim func() string
		waits time.Duration
	}{
		"ended":         {func() string { return claimUntil(time.Now()) }, 0},
		"far ahead":     {func() string { return claimUntil(time.Now().AddDate(100, 0, 0)) }, 0},
		"not readable":  {func() string { return `"x"` }, 0},
		"no end":        {func() string { return `{}` }, 0},
		"of the moment": {func() string { return claimUntil(time.Now().Add(time.Minute)) }, time.Minute},
		"clock ahead":   {func() string { return claimUntil(time.Now().Add(90 * time.Second)) }, 90 * time.Second},
		"clock behind":  {func() string { return claimUntil(time.Now().Add(30 * time.Second)) }, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				service := newShelf(map[string]string{importClaims + "x": test.claim()})
				started := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				defer cancel()
				imported, err := middleware.Import(ctx, oldAccount, service.join(t, -1).session(t), tagged("only"))
				require.NoError(t, err)
				assert.True(t, imported)
				assert.GreaterOrEqual(t, time.Since(started), test.waits)
				assert.Less(t, time.Since(started), test.waits+4*time.Second)
				assert.Empty(t, service.keys(importClaims))
			})
		})
	}
}

// TestAnImportMayTakeLong, but one that lets its claim end has no say any more.
func TestAnImportMayTakeLong(t *testing.T) {
	values := make(map[string]any)
	for n := range 300 {
		values[fmt.Sprintf("note:%03d", n)] = n
	}
	virtual(t, func(t *testing.T) {
		service := newShelf(nil)
		slow, other := service.join(t, -1), service.join(t, -1)
		slow.meet = func(int, string, string) fate {
			return fate{before: 500 * time.Millisecond, after: 500 * time.Millisecond}
		}
		var group sync.WaitGroup
		group.Go(func() {
			imported, err := middleware.Import(t.Context(), oldAccount, slow.session(t), func(context.Context, secureflows.Identity) (map[string]any, error) {
				time.Sleep(27 * time.Second)
				return values, nil
			})
			assert.NoError(t, err)
			assert.True(t, imported)
		})
		other.meet = func(_ int, method, _ string) fate {
			assert.Equal(t, http.MethodGet, method, "who waits writes nothing")
			return fate{}
		}
		group.Go(func() {
			time.Sleep(10 * time.Second)
			importer, asked := giving(nil)
			imported, err := middleware.Import(t.Context(), oldAccount, other.session(t), importer)
			assert.NoError(t, err)
			assert.False(t, imported)
			assert.Zero(t, asked.Load())
		})
		group.Wait()
		assert.Len(t, service.data(), len(values))
		assert.Empty(t, service.keys(importClaims))
	})
}

func TestAnImporterHas30Seconds(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newShelf(nil)
		replica := service.join(t, -1)
		started := time.Now()
		_, err := middleware.Import(t.Context(), oldAccount, replica.session(t), func(ctx context.Context, _ secureflows.Identity) (map[string]any, error) {
			<-ctx.Done()
			assert.Equal(t, 30*time.Second, time.Since(started))
			return nil, ctx.Err()
		})
		assert.ErrorIs(t, err, secureflows.ErrUnavailable)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "which is the end of the caller's context")
		assert.Empty(t, service.values())

		_, err = middleware.Import(t.Context(), oldAccount, replica.session(t), func(context.Context, secureflows.Identity) (map[string]any, error) {
			time.Sleep(31 * time.Second)
			return map[string]any{"theme": "dark"}, nil
		})
		assert.ErrorIs(t, err, secureflows.ErrUnavailable)
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.Empty(t, service.values())
	})
}

// TestAnOwnerThatWasGivenUpStops: its process stood still, which its clock does
// not show, and another has imported, and has let handlers write.
func TestAnOwnerThatWasGivenUpStops(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newShelf(nil)
		first, second := service.join(t, -1), service.join(t, -1)
		first.skew = -time.Hour // as much as its clock has missed
		first.meet = func(_ int, _, key string) fate {
			if key == "b" {
				_, err := middleware.Import(t.Context(), oldAccount, second.session(t), func(context.Context, secureflows.Identity) (map[string]any, error) {
					return map[string]any{"a": "a by second"}, nil
				})
				assert.NoError(t, err)
			}
			return fate{}
		}
		_, err := middleware.Import(t.Context(), oldAccount, first.session(t), tagged("first"))
		assert.ErrorIs(t, err, secureflows.ErrUnavailable)
		assert.Contains(t, service.data(), "b", "which was on its way")
		assert.NotContains(t, service.data(), "c")
		assert.Empty(t, service.keys(importClaims), "it does not come back either")
		imported, err := middleware.Import(t.Context(), oldAccount, first.session(t), tagged("first"))
		require.NoError(t, err)
		assert.False(t, imported)
	})
}

// TestImportsThatMeet come from several processes, with real connections.
func TestImportsThatMeet(t *testing.T) {
	for _, calls := range []int{2, 5, 20} {
		server := secureflowstest.NewServer(t)
		token := server.Session("ada@example.com").Token()
		importer, asked := giving(map[string]any{"a": "1", "b": "2", "c": "3"})
		var imports atomic.Int32
		var group sync.WaitGroup
		for range calls {
			client, err := secureflows.New(server.Config())
			require.NoError(t, err)
			group.Go(func() {
				imported, err := middleware.Import(t.Context(), oldAccount, client.Session(token), importer)
				if !assert.NoError(t, err) {
					return
				}
				if imported {
					imports.Add(1)
				}
				value, err := secureflows.Get[string](t.Context(), client.Session(token), "c")
				assert.NoError(t, err, "who has waited finds the data")
				assert.Equal(t, "3", value)
			})
		}
		group.Wait()
		assert.EqualValues(t, 1, asked.Load())
		assert.EqualValues(t, 1, imports.Load())
		sets := make(map[string]int)
		for _, request := range server.Requests() {
			if key, isSet := strings.CutPrefix(request.Path, "/api/v1/sessions/set/"); isSet {
				sets[key]++
			}
		}
		for key, times := range sets {
			assert.Equal(t, 1, times, key)
		}
		payload, err := client(t, server).Session(token).Payload(t.Context())
		require.NoError(t, err)
		assert.Len(t, payload, 4, "three values and the mark")
	}
}

func client(t *testing.T, server *secureflowstest.Server) *secureflows.Client {
	client, err := secureflows.New(server.Config())
	require.NoError(t, err)
	return client
}
