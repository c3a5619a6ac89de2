package tokenleak

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"strings"

	"github.com/secureflows/secureflows-go"
)

// page:right
func logTheToken(session *secureflows.Session) {
	slog.Info("signed in", "token", session.Token()) // prints [REDACTED]
}

func sendToAPI(ctx context.Context, token secureflows.Token) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/notes", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token.Reveal())
	return http.DefaultClient.Do(request)
}

// page:end

func headersApart(r *http.Request, token secureflows.Token) {
	r2 := r.Clone(r.Context())
	r2.Header.Set("Authorization", "Bearer "+token.Reveal())
	other := &http.Request{Header: http.Header{}}
	log.Println(other.Header.Get("X-Request-Id"))
}

func logLength(token secureflows.Token) { log.Println("token of", len(token.Reveal()), "bytes") }

func fingerprint(token secureflows.Token) {
	digest := sha256.Sum256([]byte(token.Reveal()))
	log.Printf("token %x", digest)
}

func compare(token secureflows.Token, text string) error {
	if strings.HasPrefix(token.Reveal(), text) {
		return errors.New("the token begins like that")
	}
	return nil
}

type secretive struct{}

func (secretive) Reveal() string { return "a surprise" }

func anothersReveal(s secretive) { log.Println(s.Reveal()) }

func signOut(w http.ResponseWriter, r *http.Request, client *secureflows.Client, session *secureflows.Session) {
	to, err := client.LogoutURL(session.Token(), "https://app.example.com/")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func madeAgain(token secureflows.Token) error {
	copied, err := secureflows.NewToken(token.Reveal())
	return fmt.Errorf("renew %v: %w", copied, err)
}

type account struct{ name, credential string }

func namesOnly(a *account, token secureflows.Token) {
	a.credential = token.Reveal()
	log.Println(a.name)
}

func trim(s string) string { return strings.TrimSpace(s) }

func trimBoth(token secureflows.Token, name string) string {
	log.Println(trim(name))
	return trim(token.Reveal())
}
