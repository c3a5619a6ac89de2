package tokenleak

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/secureflows/secureflows-go"
)

type keeper struct {
	mu     sync.Mutex
	tokens map[string]string
}

func (k *keeper) keep(id string, token secureflows.Token) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tokens[id] = token.Reveal()
	log.Println("signed in:", id, "of", len(k.tokens))
}

func logDigest(file *os.File, key []byte, token secureflows.Token) {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(token.Reveal()))
	_, _ = file.WriteString(hex.EncodeToString(mac.Sum(nil)))
}

func logWhetherSame(token secureflows.Token, text string) {
	log.Println("same:", subtle.ConstantTimeCompare([]byte(token.Reveal()), []byte(text)) == 1)
}

func renewInBrowser(w http.ResponseWriter, r *http.Request, client *secureflows.Client, token secureflows.Token, login secureflows.LoginOptions) error {
	to, err := client.RenewURL(token, login)
	if err != nil {
		return fmt.Errorf("renew %s: %w", token, err)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func passOn(target *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		if session, ok := secureflows.SessionFromContext(r.In.Context()); ok {
			r.Out.Header.Set("Authorization", "Bearer "+session.Token().Reveal())
		}
	}}
}

func page(w http.ResponseWriter, page *template.Template, session *secureflows.Session) error {
	return page.Execute(w, map[string]any{"token": session.Token()}) // prints [REDACTED]
}

func dump(token secureflows.Token) error {
	text, err := json.Marshal(token)
	if err != nil {
		return err
	}
	return os.WriteFile("session.json", text, 0o600)
}

func kindOf(token secureflows.Token) string {
	kind := "opaque"
	if strings.Count(token.Reveal(), ".") == 2 {
		kind = "signed"
	}
	log.Println("the token is", kind)
	return kind
}

func throughChannel(token secureflows.Token, texts chan string, names chan string) {
	texts <- token.Reveal()
	log.Println(<-names)
}
