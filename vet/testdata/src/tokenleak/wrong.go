// Package tokenleak has tokens that get out, and some that do not.
package tokenleak

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/sirupsen/logrus"

	"github.com/secureflows/secureflows-go"
)

// page:wrong
func rememberInCookie(w http.ResponseWriter, session *secureflows.Session) {
	text := session.Token().Reveal()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: text, HttpOnly: true}) // want `reaches a cookie`
}

// page:end

func keepInFile(token secureflows.Token) error {
	return os.WriteFile("token", []byte(token.Reveal()), 0o600) // want `reaches a file`
}

func appendToFile(file *os.File, token secureflows.Token) {
	line := strings.Join([]string{"token", token.Reveal()}, "=")
	_, _ = io.WriteString(file, line) // want `reaches a file`
}

func keepInTable(r *http.Request, db *sql.DB, token secureflows.Token) error {
	_, err := db.ExecContext(r.Context(), "INSERT INTO tokens VALUES (?)", token.Reveal()) // want `reaches a database`
	return err
}

func printToLog(token secureflows.Token) {
	message := "signed in with " + token.Reveal()
	log.Println(message) // want `reaches a log`
}

func logByAttribute(token secureflows.Token) {
	attribute := slog.String("token", token.Reveal()) // want `reaches a log`
	slog.Info("signed in", attribute)                 // want `reaches a log`
}

func logByLogrus(token secureflows.Token) {
	logrus.WithField("token", token.Reveal()).Info("signed in") // want `reaches a log`
}

func describe(token secureflows.Token) string { return fmt.Sprintf("token %s", token.Reveal()) }

func sayInError(token secureflows.Token) error {
	return errors.New(describe(token)) // want `reaches an error`
}

type answer struct{ Token string }

func answerAsJSON(w http.ResponseWriter, session *secureflows.Session) error {
	return json.NewEncoder(w).Encode(answer{Token: session.Token().Reveal()}) // want `reaches an answer`
}

func answerByMap(w http.ResponseWriter, session *secureflows.Session) {
	body, _ := json.Marshal(map[string]string{"token": session.Token().Reveal()})
	_, _ = w.Write(body) // want `reaches an answer`
}

type visitor struct{ credential string }

func (v *visitor) signIn(token secureflows.Token) { v.credential = token.Reveal() }

func (v *visitor) greet(w http.ResponseWriter) {
	fmt.Fprintf(w, "<p>%s</p>", v.credential) // want `reaches an answer`
}

func linkWithToken(w http.ResponseWriter, r *http.Request, token secureflows.Token) {
	query := url.Values{}
	query.Set("token", token.Reveal())
	http.Redirect(w, r, "https://partner.example/?"+query.Encode(), http.StatusSeeOther) // want `reaches a URL`
}

func closeOver(token secureflows.Token) func() {
	text := token.Reveal()
	return func() { log.Print(text) } // want `reaches a log`
}

func reveal(method func() string) { log.Print(method()) } // want `reaches a log`

func byMethodValue(token secureflows.IDToken) { reveal(token.Reveal) }
