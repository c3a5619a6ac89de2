package signin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go/internal/signin"
)

// A refusal that were kept would be shown to whoever comes afterwards.
func TestARefusedPrefetchIsNotKept(t *testing.T) {
	for name, value := range map[string]string{"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"} {
		r := carrying()
		r.Header.Set(name, value)
		w := httptest.NewRecorder()
		assert.True(t, signin.RefusePrefetch(w, r), name)
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		assert.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	}
	w := httptest.NewRecorder()
	assert.False(t, signin.RefusePrefetch(w, carrying()))
	assert.Empty(t, w.Header())
}

func TestPageOf(t *testing.T) {
	for _, page := range []string{"/", "/notes?x=1&y=%2f", "/a:b", "/%2f/notes", "/?%", "/notes//x"} {
		assert.Equal(t, page, signin.PageOf(page))
	}
	for _, page := range []string{
		"", "notes", "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example/", "/ö", "/a b",
		"/%", "/%zz", "/" + strings.Repeat("x", 512),
	} {
		assert.Equal(t, "/", signin.PageOf(page), page)
	}
}
