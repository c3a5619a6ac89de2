package providermock

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/secureflows/secureflows-go"
)

// Arrival is a request that arrived, with [REDACTED] in place of credentials.
type Arrival struct {
	Time   time.Time
	Origin string // that it came to
	Method string
	Path   string
	Header http.Header
	Tokens []secureflows.Token
	Status int // 0 while the answer is held back, or when there was none
}

// maxRecorded requests are kept; older ones are forgotten.
const maxRecorded = 1000

type recorder struct {
	mu      sync.Mutex // guards records
	records []*record
}

// record is behind a pointer wherever it is kept: fmt prints the address, not
// what the request held.
type record struct {
	arrival Arrival // its Status stays 0
	texts   []string
	status  atomic.Int32
}

func (rec *recorder) arrive(r *Request) *record {
	texts := r.texts()
	tokens := r.tokens(texts)
	entry := &record{texts: texts, arrival: Arrival{
		Time: r.Now, Origin: "http://" + r.Host, Method: r.Method, Path: redact(r.URL.EscapedPath(), tokens),
		Header: redacted(r.Header, tokens), Tokens: tokens,
	}}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if len(rec.records) == maxRecorded {
		rec.records = slices.Delete(rec.records, 0, 1)
	}
	rec.records = append(rec.records, entry)
	return entry
}

// Requests gives what arrived, the oldest first; the last thousand are kept.
func (m *Mock) Requests() []Arrival {
	m.recorder.mu.Lock()
	defer m.recorder.mu.Unlock()
	list := make([]Arrival, len(m.recorder.records))
	for i, entry := range m.recorder.records {
		list[i] = entry.arrival
		list[i].Header = entry.arrival.Header.Clone()
		list[i].Tokens = slices.Clone(entry.arrival.Tokens)
		list[i].Status = int(entry.status.Load())
	}
	return list
}

// Received reports whether the token's text was anywhere in a request that
// Requests gives: in its target, headers or body, as it is or encoded there.
func (m *Mock) Received(token secureflows.Token) bool {
	m.test.Helper()
	if token.IsZero() {
		m.Fatalf("Received: the token is the zero Token: every request would have it")
		return false
	}
	m.recorder.mu.Lock()
	defer m.recorder.mu.Unlock()
	return slices.ContainsFunc(m.recorder.records, func(entry *record) bool {
		return slices.ContainsFunc(entry.texts, func(text string) bool { return strings.Contains(text, token.Reveal()) })
	})
}

// texts are all places of a request where a token may be, decoded and not.
func (r *Request) texts() []string {
	target := r.URL.RequestURI()
	texts := []string{target, r.URL.Path, string(r.body)}
	for _, query := range []string{r.URL.RawQuery, string(r.body)} {
		values, _ := url.ParseQuery(query) // as much as can be read
		for _, all := range values {
			texts = append(texts, all...)
		}
	}
	for _, all := range r.Header {
		texts = append(texts, all...)
	}
	var body any
	if json.Unmarshal(r.body, &body) == nil {
		texts = append(texts, stringsIn(body)...)
	}
	return texts
}

// stringsIn are the strings of a JSON value, whose escapes may hide a token.
func stringsIn(value any) []string {
	var found []string
	switch value := value.(type) {
	case string:
		found = append(found, value)
	case []any:
		for _, element := range value {
			found = append(found, stringsIn(element)...)
		}
	case map[string]any:
		for name, member := range value {
			found = append(append(found, name), stringsIn(member)...)
		}
	}
	return found
}

// tokenShaped is a JWT in compact form, signed or not, or a Vertesia API key.
var tokenShaped = regexp.MustCompile(`eyJ[\w-]*\.[\w-]+\.[\w-]*|\bsk-[\w-]+`)

// tokens are the credentials of the Authorization header, whatever they look
// like, and what looks like a token anywhere.
func (r *Request) tokens(texts []string) []secureflows.Token {
	var tokens []secureflows.Token
	add := func(text string) {
		if token, err := secureflows.NewToken(text); err == nil && !slices.Contains(tokens, token) {
			tokens = append(tokens, token)
		}
	}
	for _, value := range r.Header["Authorization"] {
		_, credentials, _ := strings.Cut(value, " ")
		add(strings.TrimSpace(credentials))
	}
	for _, text := range texts {
		for _, token := range tokenShaped.FindAllString(text, -1) {
			add(token)
		}
	}
	return tokens
}

func redact(text string, tokens []secureflows.Token) string {
	for _, token := range tokens {
		text = strings.ReplaceAll(text, token.Reveal(), "[REDACTED]")
	}
	return text
}

// redacted is the header without its credentials.
func redacted(header http.Header, tokens []secureflows.Token) http.Header {
	clean := header.Clone()
	for name, values := range clean {
		for i := range values {
			values[i] = redact(values[i], tokens)
			if name == "Authorization" || name == "Cookie" {
				values[i] = "[REDACTED]"
			}
		}
	}
	return clean
}
