package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
)

const (
	defaultHits = 8
	maxHits     = 20
	// The model's name is part of the answer's form; here words are compared.
	embedModel = "nomic-embed-text"
)

// docHit is a hit of the documentation search.
type docHit struct {
	SourcePath string  `json:"sourcePath"`
	SourceType string  `json:"sourceType"`
	Title      string  `json:"title"`
	Heading    string  `json:"heading"`
	Snippet    string  `json:"snippet"`
	URL        string  `json:"url"`
	Score      float64 `json:"score"`
}

type docAnswer struct {
	Query      string   `json:"query"`
	EmbedModel string   `json:"embedModel"`
	Limit      int      `json:"limit"`
	Hits       []docHit `json:"hits"`
}

// GET /api/v1/docs/search
func (e *Emulator) searchDocs(r *request) answer {
	query := r.URL.Query()
	asked := query.Get("q")
	if strings.TrimSpace(asked) == "" {
		return badRequest("q is required").answer()
	}
	limit, ok := hitLimit(query.Get("limit"))
	if !ok {
		return badRequest("limit must be a number").answer()
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	encoder.Encode(docAnswer{asked, embedModel, limit, bestHits(asked, limit)}) // always encodes
	return jsonAnswer(bytes.TrimSuffix(body.Bytes(), []byte("\n")))
}

// hitLimit caps a number outside 1 to 20, however many digits it has.
func hitLimit(text string) (int, bool) {
	if text == "" {
		return defaultHits, true
	}
	digits, negative := strings.CutPrefix(text, "-")
	if digits == "" || strings.ContainsFunc(digits, func(c rune) bool { return c < '0' || c > '9' }) {
		return 0, false
	}
	if negative {
		return 1, true
	}
	limit := 0
	for _, digit := range digits {
		limit = min(10*limit+int(digit-'0'), maxHits)
	}
	return max(1, limit), true
}

// bestHits ranks every chunk, since nearest neighbours always exist.
func bestHits(query string, limit int) []docHit {
	wanted := words(query)
	hits := make([]docHit, 0, len(docChunks))
	for i, chunk := range docChunks {
		hits = append(hits, docHit{
			SourcePath: chunk.path,
			SourceType: "markdown",
			Title:      docTitles[chunk.path],
			Heading:    chunk.heading,
			Snippet:    chunk.snippet,
			URL:        "/docs/read/?path=" + url.QueryEscape(chunk.path),
			Score:      score(wanted, docWords()[i]),
		})
	}
	slices.SortStableFunc(hits, func(a, b docHit) int { return cmp.Compare(b.Score, a.Score) })
	return hits[:min(limit, len(hits))]
}

// chunkWords are what a chunk is found by.
type chunkWords struct{ heading, all map[string]bool }

var docWords = sync.OnceValue(func() []chunkWords {
	list := make([]chunkWords, len(docChunks))
	for i, chunk := range docChunks {
		list[i] = chunkWords{words(chunk.heading), words(docTitles[chunk.path] + " " + chunk.heading + " " + chunk.snippet)}
	}
	return list
})

// score lets the heading, which says what a chunk is about, count for half.
func score(wanted map[string]bool, chunk chunkWords) float64 {
	return math.Round(1e4*(similarity(wanted, chunk.heading)+similarity(wanted, chunk.all))/2) / 1e4
}

// words are the distinct words of a text, with the plural s taken off.
func words(text string) map[string]bool {
	found := make(map[string]bool)
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}) {
		found[strings.TrimSuffix(word, "s")] = true
	}
	return found
}

// similarity is the cosine of two sets of words, from 0 to 1.
func similarity(a, b map[string]bool) float64 {
	shared := 0
	for word := range a {
		if b[word] {
			shared++
		}
	}
	if shared == 0 {
		return 0
	}
	return float64(shared) / math.Sqrt(float64(len(a)*len(b)))
}

// GET /docs/read/?path=: the whole document that a hit comes from.
func (e *Emulator) readDoc(r *request) answer {
	path := r.URL.Query().Get("path")
	title, found := docTitles[path]
	if !found {
		return page(http.StatusNotFound, "notFound", nil)
	}
	type section struct{ Heading, Snippet string }
	var sections []section
	for _, chunk := range docChunks {
		if chunk.path == path {
			sections = append(sections, section{chunk.heading, chunk.snippet})
		}
	}
	return page(http.StatusOK, "doc", map[string]any{"Title": title, "Chunks": sections})
}
