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

// oldAccount is whose data is imported.
var oldAccount = secureflows.Identity{Provider: "authreturn", Subject: "7"}

// giving is an importer, and counts how often it was asked.
func giving(values map[string]any) (importer middleware.Importer, asked *atomic.Int32) {
	asked = new(atomic.Int32)
	return func(context.Context, secureflows.Identity) (map[string]any, error) {
		asked.Add(1)
		return values, nil
	}, asked
}

func TestImportMovesAnAccountOnce(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	importer, asked := giving(map[string]any{"theme": "dark", "note:1": map[string]string{"text": "a <b> & c"}})
	imported, err := middleware.Import(t.Context(), oldAccount, session, importer)
	require.NoError(t, err)
	assert.True(t, imported)
	payload, err := session.Payload(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, `"dark"`, string(payload["theme"]))
	assert.JSONEq(t, `{"text":"a <b> & c"}`, string(payload["note:1"]))
	assert.Empty(t, payload.WithPrefix(importClaims), "the claim is withdrawn")
	marks := payload.WithPrefix(importMarks)
	require.Len(t, marks, 1)
	var mark struct {
		Provider, Subject string
		At                time.Time
	}
	require.NoError(t, marks.Decode(marks.Keys()[0], &mark))
	assert.Equal(t, "authreturn", mark.Provider)
	assert.Equal(t, "7", mark.Subject)
	assert.False(t, mark.At.IsZero())

	_, err = session.Delete(t.Context(), "theme") // by its owner
	require.NoError(t, err)
	before := len(server.Requests())
	imported, err = middleware.Import(t.Context(), oldAccount, session, importer)
	require.NoError(t, err)
	assert.False(t, imported)
	assert.EqualValues(t, 1, asked.Load())
	assert.Len(t, server.Requests()[before:], 1, "the mark is asked for, and nothing else")
	_, err = session.Get(t.Context(), "theme")
	assert.ErrorIs(t, err, secureflows.ErrKeyNotFound, "what was deleted does not come back")
}

func TestEachOldAccountIsImported(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	for n, old := range []secureflows.Identity{
		{Provider: "a", Subject: "bc"}, {Provider: "ab", Subject: "c"}, {Provider: "a", Subject: "bC"},
		{Provider: "b", Subject: "../..\x00\n/ "}, {Provider: "b/\x01", Subject: strings.Repeat("ü", 9000)},
	} {
		imported, err := middleware.Import(t.Context(), old, session, func(_ context.Context, given secureflows.Identity) (map[string]any, error) {
			assert.Equal(t, old, given)
			return nil, nil
		})
		require.NoError(t, err)
		assert.True(t, imported, old.Provider)
		payload, err := session.Payload(t.Context())
		require.NoError(t, err)
		assert.Len(t, payload, n+1, "a mark for each")
	}
}

func TestImportKeepsWhatTheSessionHas(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newShelf(map[string]string{"theme": `"newer"`, "nothing": "null"})
		replica := service.join(t, -1)
		imported, err := middleware.Import(t.Context(), oldAccount, replica.session(t), func(context.Context, secureflows.Identity) (map[string]any, error) {
			service.put("meanwhile", `"newer"`)
			return map[string]any{"theme": "old", "nothing": "old", "meanwhile": "old", "name": "old"}, nil
		})
		require.NoError(t, err)
		assert.True(t, imported)
		assert.Equal(t, map[string]string{"theme": `"newer"`, "nothing": "null", "meanwhile": `"newer"`, "name": `"old"`}, service.data())
	})
}

func TestImportRefusesMistakesBeforeItAsks(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	importer, asked := giving(nil)
	for mistake, call := range map[string]func() (bool, error){
		"no Provider": func() (bool, error) {
			return middleware.Import(t.Context(), secureflows.Identity{UserID: 7, Subject: "7"}, session, importer)
		},
		"no Subject": func() (bool, error) {
			return middleware.Import(t.Context(), secureflows.Identity{Provider: "authreturn", Email: "ada@example.com"}, session, importer)
		},
		"session is nil": func() (bool, error) { return middleware.Import(t.Context(), oldAccount, nil, importer) },
		"importer is nil": func() (bool, error) {
			return middleware.Import(t.Context(), oldAccount, session, nil)
		},
	} {
		imported, err := call()
		assert.False(t, imported, mistake)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, mistake)
		assert.ErrorContains(t, err, mistake)
	}
	assert.Empty(t, server.Requests())
	assert.Zero(t, asked.Load())
}

func TestImportRefusesValuesThatNoSessionHolds(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	for key, value := range map[string]any{
		"":                          1,
		"..":                        1,
		"a\nb":                      1,
		"zz":                        make(chan int),
		"secureflows:import:done:x": 1,
		"secureflows:import:":       1,
	} {
		importer, _ := giving(map[string]any{"a": 1, key: value})
		imported, err := middleware.Import(t.Context(), oldAccount, session, importer)
		assert.False(t, imported)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, "%q", key)
		payload, err := session.Payload(t.Context())
		require.NoError(t, err)
		assert.Empty(t, payload, "%q", key)
	}
}

func TestTheImportersErrorMarksNothing(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	// Above all a sign-out from the old provider: it is none of this session.
	for _, failure := range []error{errDown, secureflows.ErrTokenExpired, context.DeadlineExceeded} {
		_, err := middleware.Import(t.Context(), oldAccount, session, func(context.Context, secureflows.Identity) (map[string]any, error) {
			return map[string]any{"theme": "dark"}, failure
		})
		assert.ErrorIs(t, err, failure)
		payload, err := session.Payload(t.Context())
		require.NoError(t, err)
		assert.Empty(t, payload)
	}
	assert.PanicsWithValue(t, "bug", func() {
		_, _ = middleware.Import(t.Context(), oldAccount, session, func(context.Context, secureflows.Identity) (map[string]any, error) { panic("bug") })
	})
	importer, asked := giving(map[string]any{"theme": "dark"})
	imported, err := middleware.Import(t.Context(), oldAccount, session, importer)
	require.NoError(t, err)
	assert.True(t, imported)
	assert.EqualValues(t, 1, asked.Load())
}

// TestTheServicesErrorsComeBackAsTheyAre, and after a refused token nothing more
// is sent with it.
func TestTheServicesErrorsComeBackAsTheyAre(t *testing.T) {
	t.Run("payload too large", func(t *testing.T) {
		server := secureflowstest.NewServer(t)
		session := server.Session("ada@example.com")
		server.SetLimits(secureflowstest.Limits{MaxPayloadBytes: 1000})
		importer, _ := giving(map[string]any{"a": "fits", "b": strings.Repeat("x", 1000)})
		for range 3 {
			_, err := middleware.Import(t.Context(), oldAccount, session, importer)
			assert.ErrorIs(t, err, secureflows.ErrPayloadTooLarge)
			payload, err := session.Payload(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{"a"}, payload.Keys(), "no mark, and no claim in the way")
		}
		importer, _ = giving(map[string]any{"a": "again", "b": "shorter"})
		imported, err := middleware.Import(t.Context(), oldAccount, session, importer)
		require.NoError(t, err)
		assert.True(t, imported)
	})
	t.Run("billing lock", func(t *testing.T) {
		server := secureflowstest.NewServer(t)
		session := server.Session("ada@example.com")
		server.LockBilling(true)
		importer, asked := giving(nil)
		_, err := middleware.Import(t.Context(), oldAccount, session, importer)
		assert.ErrorIs(t, err, secureflows.ErrGraceLock)
		assert.Zero(t, asked.Load())
	})
	t.Run("signed out meanwhile", func(t *testing.T) {
		server := secureflowstest.NewServer(t)
		session := server.Session("ada@example.com")
		_, err := middleware.Import(t.Context(), oldAccount, session, func(context.Context, secureflows.Identity) (map[string]any, error) {
			server.ExpireToken(session.Token())
			return map[string]any{"a": 1, "b": 2}, nil
		})
		assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
		refused := 0
		for _, request := range server.Requests() {
			if request.Status == http.StatusGone {
				refused++
			}
		}
		assert.Equal(t, 1, refused)
	})
}

// TestAnImportThatBrokeOffIsGoneOnWith, after every request that can fail, in
// each way that it can.
func TestAnImportThatBrokeOffIsGoneOnWith(t *testing.T) {
	for name, failure := range map[string]fate{
		"lost":       {lost: true},
		"unanswered": {unanswered: true},
		"late":       {late: 3 * time.Second},
		"outage":     {status: http.StatusServiceUnavailable},
	} {
		for broken := 1; broken <= importRequests; broken++ {
			virtual(t, func(t *testing.T) {
				service := newShelf(nil)
				replica := service.join(t, -1)
				replica.meet = func(n int, _, _ string) fate {
					if n == broken {
						return failure
					}
					return fate{}
				}
				started := time.Now()
				_, first := middleware.Import(t.Context(), oldAccount, replica.session(t), tagged("first"))
				if broken != 5 && broken != importRequests { // to take a claim away is not needed
					require.ErrorIs(t, first, secureflows.ErrUnavailable, "%s %d", name, broken)
				}
				_, err := middleware.Import(t.Context(), oldAccount, replica.session(t), tagged("second"))
				require.NoError(t, err, "%s %d", name, broken)
				assert.Less(t, time.Since(started), 70*time.Second)
				checkImported(t, service)
				if first == nil {
					assert.Equal(t, "first", taggedWith(t, service, "c"))
				}
				pass(time.Minute) // for what is late
				checkImported(t, service)
			})
		}
	}
}

// importRequests is how many requests it takes to import what tagged gives.
const importRequests = 10

func TestHowMuchAnImportAsks(t *testing.T) {
	replica := newShelf(nil).join(t, -1)
	_, err := middleware.Import(t.Context(), oldAccount, replica.session(t), tagged("only"))
	require.NoError(t, err)
	assert.Equal(t, importRequests, replica.sent())
}

// tagged gives three values that say who has imported them.
func tagged(tag string) middleware.Importer {
	return func(context.Context, secureflows.Identity) (map[string]any, error) {
		return map[string]any{"a": "a by " + tag, "b": "b by " + tag, "c": "c by " + tag}, nil
	}
}

func taggedWith(t *testing.T, service *shelf, key string) string {
	t.Helper()
	var value string
	require.NoError(t, json.Unmarshal([]byte(service.data()[key]), &value))
	_, tag, _ := strings.Cut(value, " by ")
	return tag
}

// checkImported checks what must hold once an import has succeeded: all is there,
// no value was set in the place of another, importers did not mix, and the mark
// came last.
func checkImported(t *testing.T, service *shelf) {
	t.Helper()
	data := service.data()
	for _, key := range []string{"a", "b", "c"} {
		assert.NotEmpty(t, data[key], key)
	}
	assert.Len(t, service.keys(importMarks), 1)
	begun := ""
	ended := make(map[string]bool)
	begin := func(tag string) {
		require.False(t, ended[tag], "%s writes while %s imports", tag, begun)
		ended[begun] = tag != begun
		begun = tag
	}
	for _, change := range service.changes() {
		if change.begun != "" {
			begin(change.begun)
			continue
		}
		if strings.HasPrefix(change.key, "secureflows:import:") {
			continue
		}
		require.True(t, change.set)
		require.False(t, change.marked && change.before != change.value, "%q was set after the mark", change.key)
		require.True(t, change.before == "" || change.before == change.value, "%q: %s in the place of %s", change.key, change.value, change.before)
		_, tag, _ := strings.Cut(strings.Trim(change.value, `"`), " by ")
		begin(tag)
	}
}

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
