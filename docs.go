package secureflows

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// DocsResult is the answer to [Client.SearchDocs].
type DocsResult struct {
	Query      string    `json:"query"`
	EmbedModel string    `json:"embedModel"`
	Limit      int       `json:"limit"`
	Hits       []DocsHit `json:"hits"` // the best first
}

// DocsHit is one passage of the service's documentation.
type DocsHit struct {
	SourcePath string `json:"sourcePath"`
	SourceType string `json:"sourceType"`
	Title      string `json:"title"`
	Heading    string `json:"heading"`
	Snippet    string `json:"snippet"`
	// URL leads to the whole document; it may be relative to the origin.
	URL   string  `json:"url"`
	Score float64 `json:"score"` // higher is closer
}

// SearchDocs searches the service's public documentation (GET /docs/search),
// without a token. limit is 1 to 20, and 0 the service's 8. While the search
// is not ready it asks again after 5 s, twice at most, and then gives
// [ErrUnavailable].
func (c *Client) SearchDocs(ctx context.Context, query string, limit int) (DocsResult, error) {
	if strings.TrimSpace(query) == "" {
		return DocsResult{}, invalid(opSearchDocs.name, "the query is blank")
	}
	if limit < 0 || limit > 20 {
		return DocsResult{}, invalid(opSearchDocs.name, "the limit %d is not in 1 to 20 (0 is the default of 8)", limit)
	}
	parameters := url.Values{"q": {query}}
	if limit != 0 {
		parameters.Set("limit", strconv.Itoa(limit))
	}
	answer, err := c.send(ctx, request{op: &opSearchDocs, query: parameters.Encode()})
	if err != nil {
		return DocsResult{}, err
	}
	var result DocsResult
	if err := object(&opSearchDocs, answer, &result); err != nil {
		return DocsResult{}, err
	}
	if result.Hits == nil {
		return DocsResult{}, malformed(&opSearchDocs, answer, "an answer without hits")
	}
	return result, nil
}
