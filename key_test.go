package secureflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

var note = secureflows.Collection[string]{Prefix: "note:"}

// byKey are all the ways to name a key.
var byKey = map[string]func(*secureflows.Session, string) error{
	"get": func(s *secureflows.Session, key string) error { _, err := s.Get(context.Background(), key); return err },
	"set": func(s *secureflows.Session, key string) error {
		_, err := s.Set(context.Background(), key, 1)
		return err
	},
	"delete": func(s *secureflows.Session, key string) error {
		_, err := s.Delete(context.Background(), key)
		return err
	},
}

func TestKeysThatAreRefused(t *testing.T) {
	for name, key := range map[string]string{
		"empty": "", "this folder": ".", "the folder above": "..", "a line break": "a\nb", "a NUL": "\x00",
		"a tab": "\t", "DEL": "a\x7f", "a C1 control": "a\u0085", "a carriage return": "a\r",
	} {
		for op, call := range byKey {
			session, service := sessionOn(t, reply(200, `{}`))
			err := call(session, key)
			assert.Equal(t, invalidRequest, sentinelsOf(err), "%s: %s", op, name)
			assert.Equal(t, op, factsOf(t, err).Op)
			assert.NotContains(t, err.Error(), "\n")
			assert.Empty(t, service.requests(), "%s: %s", op, name)
		}
		for op, call := range map[string]func(*secureflows.Session) error{
			"get":    func(s *secureflows.Session) error { _, err := note.Get(context.Background(), s, key); return err },
			"set":    func(s *secureflows.Session) error { _, err := note.Put(context.Background(), s, key, "v"); return err },
			"delete": func(s *secureflows.Session) error { _, err := note.Delete(context.Background(), s, key); return err },
		} {
			session, service := sessionOn(t, reply(200, `{}`))
			assert.Equal(t, invalidRequest, sentinelsOf(call(session)), "%s, as an id: %s", op, name)
			assert.Empty(t, service.requests())
		}
	}
}

func TestKeysAreOneEscapedSegment(t *testing.T) {
	for key, want := range map[string]string{
		"theme": "theme", "note:1": "note:1", "a b": "a%20b", "a/b": "a%2Fb", "../identity": "..%2Fidentity",
		"%2e%2e": "%252e%252e", "%": "%25", "?q=1": "%3Fq=1", "#f": "%23f", "a;b": "a%3Bb", "a+b": "a+b",
		"ü": "%C3%BC", "...": "...", "..\\": "..%5C", `"`: "%22", "\xff": "%FF", "*": "%2A", "//": "%2F%2F", "a:b@c": "a:b@c",
	} {
		for op, call := range byKey {
			session, service := sessionOn(t, reply(404, form(404, "no")))
			_ = call(session, key)
			require.Len(t, service.requests(), 1, key)
			assert.Equal(t, "/api/v1/sessions/"+op+"/"+want, service.requests()[0].target)
		}
	}
}

func TestGetAndGetOr(t *testing.T) {
	type prefs struct {
		Size int
		Tags []string
	}
	ctx := context.Background()
	session, _ := sessionOn(t, reply(200, `{"key":"prefs","value":{"Size":9007199254740993,"Tags":["<a>"]}}`))
	got, err := secureflows.Get[prefs](ctx, session, "prefs")
	require.NoError(t, err)
	assert.Equal(t, prefs{9007199254740993, []string{"<a>"}}, got)

	session, _ = sessionOn(t, reply(200, `{"key":"n","value":{"n":9007199254740993}}`))
	loose, err := secureflows.Get[map[string]any](ctx, session, "n")
	require.NoError(t, err)
	assert.Equal(t, "9007199254740993", fmt.Sprint(loose["n"]), "digits were lost")

	session, _ = sessionOn(t, reply(404, form(404, "Key not found")))
	_, err = secureflows.Get[string](ctx, session, "theme")
	assert.Equal(t, keyNotFound, sentinelsOf(err))
	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
	require.NoError(t, err)
	assert.Equal(t, "light", theme)

	session, _ = sessionOn(t, reply(200, `{"key":"theme","value":null}`))
	theme, err = secureflows.GetOr(ctx, session, "theme", "light")
	require.NoError(t, err)
	assert.Empty(t, theme, "null was written; it is not missing")
}

// A default stands for a key that was never written, and for nothing else.
func TestGetOrGivesNoDefaultForAFailure(t *testing.T) {
	for _, row := range matrix {
		op := named("get")[0]
		if slices.Equal(row.sentinels(op), keyNotFound) {
			continue
		}
		session, _ := sessionOn(t, reply(row.status, row.body))
		theme, err := secureflows.GetOr(context.Background(), session, "theme", "light")
		assert.Error(t, err, row.name)
		assert.Empty(t, theme, row.name)
	}
	theme, err := secureflows.GetOr(context.Background(), secureflowsSession(t), "", "light")
	assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	assert.Empty(t, theme)
}

func secureflowsSession(t *testing.T) *secureflows.Session {
	session, _ := sessionOn(t, reply(200, `{}`))
	return session
}

// moody is a value whose decoder fails, with an error of this package below.
type moody struct{}

func (*moody) UnmarshalJSON([]byte) error {
	return fmt.Errorf("hunter2: %w", errors.Join(secureflows.ErrKeyNotFound, errMoody))
}

var errMoody = errors.New("not today")

func TestValuesOfAnotherType(t *testing.T) {
	ctx := context.Background()
	session, _ := sessionOn(t, reply(200, `{"key":"k","value":31337}`))
	_, err := secureflows.Get[string](ctx, session, "k")
	assert.Empty(t, sentinelsOf(err))
	var mismatch *json.UnmarshalTypeError
	assert.ErrorAs(t, err, &mismatch)
	assert.NotContains(t, err.Error(), "31337", "a stored value in an error")
	assert.ErrorContains(t, err, `"k"`)
	assert.ErrorContains(t, err, "string")

	_, err = secureflows.Get[int8](ctx, session, "k")
	assert.NotContains(t, err.Error(), "31337")

	_, err = secureflows.GetOr(ctx, session, "k", moody{})
	assert.ErrorIs(t, err, errMoody, "the decoder's failure became a default")
	assert.Empty(t, sentinelsOf(err))
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestKey(t *testing.T) {
	ctx := context.Background()
	theme := secureflows.Key[string]{Name: "theme", Default: "light"}
	session, service := sessionOn(t, reply(404, form(404, "no")), reply(200, `{"theme":"dark"}`), reply(200, "true"), reply(503, ""))
	value, err := theme.Get(ctx, session)
	require.NoError(t, err)
	assert.Equal(t, "light", value)
	payload, err := theme.Set(ctx, session, "dark")
	require.NoError(t, err)
	assert.True(t, payload.Has("theme"))
	existed, err := theme.Delete(ctx, session)
	require.NoError(t, err)
	assert.True(t, existed)
	value, err = theme.Get(ctx, session)
	assert.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.Empty(t, value)
	assert.Equal(t, `{"value":"dark"}`, service.requests()[1].body)
	_, err = secureflows.Key[string]{}.Get(ctx, session)
	assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
}

func TestCollectionAll(t *testing.T) {
	session, service := sessionOn(t, reply(200, `{"note:b":"2","theme":7,"note:a":"1","note:c/d":"3","notes:x":9,"note:":8,"note:..":8,"xnote:z":1}`))
	all, err := note.All(context.Background(), session)
	require.NoError(t, err)
	var order []string
	for id, text := range all {
		order = append(order, id+"="+text)
	}
	assert.Equal(t, []string{"a=1", "b=2", "c/d=3"}, order)
	assert.Equal(t, map[string]string{"a": "1", "b": "2", "c/d": "3"}, maps.Collect(all), "a second time")
	for range all {
		break
	}
	assert.Len(t, service.requests(), 1, "one request, however many records")
	assert.Equal(t, "/api/v1/sessions", service.requests()[0].target)

	session, _ = sessionOn(t, reply(200, `{"note:a":"1","note:b":31337}`))
	all, err = note.All(context.Background(), session)
	assert.ErrorContains(t, err, `"note:b"`)
	assert.NotContains(t, err.Error(), "31337")
	assert.Nil(t, all)

	session, _ = sessionOn(t, reply(503, ""))
	_, err = note.All(context.Background(), session)
	assert.Equal(t, unavailable, sentinelsOf(err))
}

func TestCollectionRecords(t *testing.T) {
	ctx := context.Background()
	session, service := sessionOn(t, reply(200, `{"note:1/2":"x"}`), reply(200, `{"key":"note:1/2","value":"x"}`), reply(200, `false`), reply(404, form(404, "no")))
	payload, err := note.Put(ctx, session, "1/2", "x")
	require.NoError(t, err)
	assert.Equal(t, []string{"note:1/2"}, payload.Keys())
	text, err := note.Get(ctx, session, "1/2")
	require.NoError(t, err)
	assert.Equal(t, "x", text)
	existed, err := note.Delete(ctx, session, "1/2")
	require.NoError(t, err)
	assert.False(t, existed)
	_, err = note.Get(ctx, session, "1/2")
	assert.Equal(t, keyNotFound, sentinelsOf(err))
	for _, request := range service.requests() {
		assert.True(t, strings.HasSuffix(request.target, "/note:1%2F2"), request.target)
	}
	for _, none := range []secureflows.Collection[string]{{}, {Prefix: "a\n"}} {
		_, err = none.Put(ctx, session, "1", "x")
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	}
	_, err = secureflows.Collection[string]{}.All(ctx, session)
	assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	_, err = secureflows.Collection[string]{Prefix: "."}.Get(ctx, session, "x")
	assert.Equal(t, keyNotFound, sentinelsOf(err), "the key is .x")
	assert.Len(t, service.requests(), 5)
}

func TestPayload(t *testing.T) {
	payload := secureflows.Payload{"b": json.RawMessage(`2`), "a:1": json.RawMessage(`null`), "a:2": json.RawMessage(`"x"`)}
	assert.Equal(t, []string{"a:1", "a:2", "b"}, payload.Keys())
	assert.True(t, payload.Has("a:1"), "null is written")
	assert.False(t, payload.Has("c"))
	part := payload.WithPrefix("a:")
	assert.Equal(t, []string{"a:1", "a:2"}, part.Keys())
	part["a:3"] = json.RawMessage(`1`)
	assert.False(t, payload.Has("a:3"), "a part is a copy")
	assert.Len(t, payload.WithPrefix(""), 3)
	assert.Empty(t, secureflows.Payload(nil).Keys())
	assert.NotNil(t, secureflows.Payload(nil).WithPrefix("a"))

	var n int
	require.NoError(t, payload.Decode("b", &n))
	assert.Equal(t, 2, n)
	text := "default"
	assert.Equal(t, keyNotFound, sentinelsOf(payload.Decode("c", &text)))
	assert.Equal(t, "default", text)
	err := payload.Decode("a:2", &n)
	assert.Empty(t, sentinelsOf(err))
	assert.ErrorContains(t, err, `"a:2"`)
	for _, target := range []any{nil, n, (*int)(nil)} {
		assert.Equal(t, invalidRequest, sentinelsOf(payload.Decode("b", target)), "%T is nothing to write to", target)
	}
	assert.Error(t, secureflows.Payload{"a": json.RawMessage(`1 2`)}.Decode("a", &n), "more than one value")
	assert.Error(t, secureflows.Payload{"a": nil}.Decode("a", &n))
}

func TestSearchDocs(t *testing.T) {
	service := answering(reply(200, `{"query":"a&b","embedModel":"m","limit":3,"hits":[{"sourcePath":"p","title":"t","score":0.5,"url":"/u","more":1}]}`))
	client := newClient(t, service)
	result, err := client.SearchDocs(context.Background(), "a&b c", 3)
	require.NoError(t, err)
	assert.Equal(t, secureflows.DocsResult{Query: "a&b", EmbedModel: "m", Limit: 3,
		Hits: []secureflows.DocsHit{{SourcePath: "p", Title: "t", Score: 0.5, URL: "/u"}}}, result)
	assert.Equal(t, "/api/v1/docs/search?limit=3&q=a%26b+c", service.requests()[0].target)
	assert.Empty(t, service.requests()[0].header["Authorization"])
	for _, limit := range []int{-1, 21} {
		_, err = client.SearchDocs(context.Background(), "q", limit)
		assert.Equal(t, invalidRequest, sentinelsOf(err))
	}
	for _, query := range []string{"", " \t\n", "\u00a0"} {
		_, err = client.SearchDocs(context.Background(), query, 0)
		assert.Equal(t, invalidRequest, sentinelsOf(err))
	}
	assert.Len(t, service.requests(), 1)
}
