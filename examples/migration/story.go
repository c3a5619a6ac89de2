package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

// story is the walk through a migration. A step that does not come out as it
// should is an error.
type story struct {
	out      io.Writer
	mocks    *mocks
	database *database
	replicas []http.Handler // take turns, as behind a load balancer
	ada      map[string]secureflows.Token
	chapters int
	requests int
	err      error // the first
}

func tell(ctx context.Context, out io.Writer, mocks *mocks, shared *database, replicas ...http.Handler) error {
	s := &story{out: out, mocks: mocks, database: shared, replicas: replicas, ada: mocks.tokens()}
	s.say("One backend, four kinds of tokens.")
	for _, chapter := range []func(context.Context){
		s.acceptAll, s.keepGuards, s.linkAccounts, s.importOnce, s.overwriteNothing, s.refuseOthers, s.undoALink, s.bearOutages, s.tellNobody,
	} {
		chapter(ctx)
		if s.err != nil {
			return s.err
		}
	}
	s.say("\nThat is all of it. The steps of a migration are in docs/migrating.md.")
	return nil
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

func (s *story) chapter(title string) {
	s.chapters++
	s.say("\n%d. %s", s.chapters, title)
}

// get and post make a request, and print what comes of it.
func (s *story) get(ctx context.Context, who string, token secureflows.Token, path string, want int) {
	s.ask(who, token, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil), want)
}

func (s *story) post(ctx context.Context, who string, token secureflows.Token, path, body string, want int) {
	s.ask(who, token, httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(body)), want)
}

func (s *story) ask(who string, token secureflows.Token, r *http.Request, want int) {
	s.requests++
	w := send(s.replicas[s.requests%len(s.replicas)], r, token)
	s.say("   %-34s %-16s %s", who, r.Method+" "+r.URL.Path, said(w))
	if w.Code != want && s.err == nil {
		s.err = fmt.Errorf("%s, %s %s: the answer is %d, and not %d", who, r.Method, r.URL.Path, w.Code, want)
	}
}

// send makes a request with the token, or without one where that is zero.
func send(handler http.Handler, r *http.Request, token secureflows.Token) *httptest.ResponseRecorder {
	if !token.IsZero() {
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// said is an answer in short: of a problem, its detail.
func said(w *httptest.ResponseRecorder) string {
	text := strings.TrimSpace(w.Body.String())
	var problem struct{ Detail string }
	if w.Code != http.StatusOK && json.Unmarshal(w.Body.Bytes(), &problem) == nil {
		text = problem.Detail
	}
	return fmt.Sprint(w.Code, " ", text)
}

// check ends the story where something is not as it should be.
func (s *story) check(holds bool, what string) {
	if !holds && s.err == nil {
		s.err = fmt.Errorf("this does not hold: %s", what)
	}
	s.say("   %s", what)
}

func (s *story) acceptAll(ctx context.Context) {
	s.chapter("Every kind of token is accepted, and says whose it is")
	for _, provider := range services {
		s.get(ctx, "Ada with a token of "+provider, s.ada[provider], "/me", http.StatusOK)
	}
	s.get(ctx, "Ada with a token of "+authreturn.Provider, s.ada[authreturn.Provider], "/notes", http.StatusOK)
	s.get(ctx, "Ada with a token of secureFlows", s.ada[secureFlows], "/notes", http.StatusOK)
}

func (s *story) keepGuards(ctx context.Context) {
	s.chapter("Every guard holds, for every kind")
	forged := s.mocks.vertesia.Claims(ada)
	forged["iss"] = "https://evil.example/.vertesia.io"
	s.get(ctx, "nobody", secureflows.Token{}, "/notes", http.StatusUnauthorized)
	s.get(ctx, "a hostile issuer", s.mocks.vertesia.Sign(forged), "/notes", http.StatusUnauthorized)
	s.post(ctx, "Ada with a token of "+authreturn.Provider, s.ada[authreturn.Provider], "/notes", `{"text": "late"}`, http.StatusForbidden)
	s.get(ctx, "Ada with a token of "+vertesia.Provider, s.ada[vertesia.Provider], "/statistics", http.StatusForbidden)
	s.get(ctx, "Grace, an admin at "+vertesia.Provider, s.mocks.vertesia.Token(grace), "/statistics", http.StatusOK)
}

func (s *story) linkAccounts(ctx context.Context) {
	s.chapter("An account moves while its owner holds good tokens of both, and proves that it is theirs")
	s.post(ctx, "Ada links "+productflo.Provider, s.ada[secureFlows], "/link", linking(s.ada[productflo.Provider]), http.StatusOK)
	s.post(ctx, "A site with Ada's old token", s.mocks.secureFlows.Session(mallory).Token(), "/link", linking(s.ada[authreturn.Provider]), http.StatusBadRequest)
	s.post(ctx, "The same, with a guess", s.mocks.secureFlows.Session(mallory).Token(), "/link", linking(s.ada[authreturn.Provider], "a guess"), http.StatusForbidden)
	s.post(ctx, "Ada links "+authreturn.Provider, s.ada[secureFlows], "/link", linking(s.ada[authreturn.Provider], authreturntest.Password), http.StatusOK)
}

// linking is the body of POST /link, with at most one password.
func linking(token secureflows.Token, password ...string) string {
	body, _ := json.Marshal(map[string]string{"token": token.Reveal(), "password": strings.Join(password, "")}) // strings always encode
	return string(body)
}

func (s *story) importOnce(ctx context.Context) {
	s.chapter("Two replicas are asked for her notes at once: each account is imported once")
	var group sync.WaitGroup
	answers := make([]string, len(s.replicas))
	for n, replica := range s.replicas {
		group.Go(func() {
			answers[n] = said(send(replica, httptest.NewRequestWithContext(ctx, http.MethodGet, "/notes", nil), s.ada[secureFlows]))
		})
	}
	group.Wait()
	for n, answer := range answers {
		s.say("   replica %d: %s", n+1, answer)
		s.check(strings.Contains(answer, "buy milk") && strings.Contains(answer, "review the plan"), "has the notes of both accounts")
	}
	s.check(s.database.imports() == 2, "the two accounts were read once each")
}

func (s *story) overwriteNothing(ctx context.Context) {
	s.chapter("She goes on with her data, and nothing old comes back")
	session := s.mocks.secureFlows.Client().Session(s.ada[secureFlows])
	_, err := Notes.Put(ctx, session, "1", Note{Text: "buy oat milk"})
	s.check(err == nil, "she changes a note")
	s.get(ctx, "Ada with a token of secureFlows", s.ada[secureFlows], "/notes", http.StatusOK)
	s.get(ctx, "Ada with a token of "+authreturn.Provider, s.ada[authreturn.Provider], "/notes", http.StatusForbidden)
	s.check(s.database.imports() == 2, "no account was read again")
}

func (s *story) refuseOthers(ctx context.Context) {
	s.chapter("Nobody gets an account by an address, or twice")
	session := s.mocks.secureFlows.Session(grace).Token()
	s.post(ctx, "Grace with Ada's old token", session, "/link", linking(s.ada[productflo.Provider]), http.StatusConflict)
	s.post(ctx, "Grace with no good token", session, "/link", `{"token": "invented"}`, http.StatusBadRequest)
	s.post(ctx, "Ada with an old token alone", s.ada[vertesia.Provider], "/link", linking(s.ada[vertesia.Provider]), http.StatusForbidden)
}

func (s *story) undoALink(ctx context.Context) {
	s.chapter("An operator can undo a link, should somebody else than the owner have made it")
	person := secureflows.Person{Provider: productflo.Provider, Subject: s.mocks.productFlo.UserID(ada)}
	s.check(s.database.unlink(person), "the account is nobody's here, and can be linked anew")
	s.get(ctx, "Ada with a token of "+productflo.Provider, s.ada[productflo.Provider], "/notes", http.StatusOK)
}

func (s *story) bearOutages(ctx context.Context) {
	s.chapter("An outage of an old provider signs nobody out, and stops nobody else")
	s.mocks.authReturn.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	token := s.mocks.authReturn.Token(alan)
	s.get(ctx, "Alan while "+authreturn.Provider+" is down", token, "/me", http.StatusServiceUnavailable)
	s.get(ctx, "Ada with a token of secureFlows", s.ada[secureFlows], "/me", http.StatusOK)
	s.get(ctx, "Alan when it is back", token, "/me", http.StatusOK)
}

func (s *story) tellNobody(context.Context) {
	s.chapter("No service was sent another's token")
	for _, service := range services {
		var of []string
		for _, provider := range services {
			if s.mocks.witnesses[service].saw(s.ada[provider]) {
				of = append(of, provider)
			}
		}
		if len(of) == 0 {
			s.say("   %s was sent no token: its tokens are verified here", service)
			continue
		}
		s.check(len(of) == 1 && of[0] == service, service+" was sent tokens of "+strings.Join(of, " and "))
	}
}
