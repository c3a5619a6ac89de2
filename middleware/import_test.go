package middleware_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
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
