package emulator_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocsSearch(t *testing.T) {
	s := serve(t, demo())
	type hit struct {
		SourcePath, SourceType, Title, Heading, Snippet, URL string
		Score                                                *float64
	}
	search := func(pairs ...string) (limit int, hits []hit) {
		got := s.do("GET", "/api/v1/docs/search"+query(pairs...), "")
		require.Equal(t, 200, got.status, got.body)
		var body struct {
			Query, EmbedModel string
			Limit             int
			Hits              []hit
		}
		require.NoError(t, json.Unmarshal([]byte(got.body), &body))
		require.Equal(t, pairs[1], body.Query)
		require.NotEmpty(t, body.EmbedModel)
		return body.Limit, body.Hits
	}
	limit, hits := search("q", "renew session token 410")
	require.Equal(t, 8, limit)
	require.Len(t, hits, 8)
	require.Contains(t, hits[0].Heading, "Renew")
	for i, h := range hits {
		require.NotContains(t, []string{h.SourcePath, h.SourceType, h.Title, h.Heading, h.Snippet, h.URL}, "")
		require.Equal(t, 200, s.do("GET", h.URL, "").status)
		require.True(t, i == 0 || *h.Score <= *hits[i-1].Score)
	}
	for asked, want := range map[string]int{"1": 1, "20": 20, "21": 20, "0": 1, "-5": 1, "": 8, "99999999999999999999": 20} {
		limit, hits = search("q", "<é & zzz>", "limit", asked)
		require.Equal(t, want, limit)
		require.Len(t, hits, want)
	}
	refused(t, s.do("GET", "/api/v1/docs/search", ""), 400, `{"status":400,"error":"q is required"}`)
	refused(t, s.do("GET", "/api/v1/docs/search?q=+%20", ""), 400, `{"status":400,"error":"q is required"}`)
	refused(t, s.do("GET", "/api/v1/docs/search?q=x&limit=ten", ""), 400, `{"status":400,"error":"limit must be a number"}`)
}
