package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// wirePair is a recorded exchange; testdata/wire/README.md says what its members mean.
type wirePair struct {
	About    string          `json:"about"`
	Source   string          `json:"source"`
	Sides    []string        `json:"sides"`
	Given    wireGiven       `json:"given"`
	Call     json.RawMessage `json:"call"`
	Request  wireRequest     `json:"request"`
	Response wireResponse    `json:"response"`
	Result   json.RawMessage `json:"result"`
}

type wireGiven struct {
	Payload            json.RawMessage `json:"payload"`
	Token              string          `json:"token"`
	IDToken            string          `json:"idToken"`
	BillingLocked      bool            `json:"billingLocked"`
	MaxSessions        int             `json:"maxSessions"`
	MaxPayloadBytes    int             `json:"maxPayloadBytes"`
	ExpiredStatus      int             `json:"expiredStatus"`
	PayloadLimitStatus int             `json:"payloadLimitStatus"`
}

type wireRequest struct {
	Method        string            `json:"method"`
	Target        string            `json:"target"`
	Authorization string            `json:"authorization"`
	Headers       map[string]string `json:"headers"`
	Body          json.RawMessage   `json:"body"`
	Text          string            `json:"text"`
}

type wireResponse struct {
	Status    int               `json:"status"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	Text      string            `json:"text"`
	TypeOnly  []string          `json:"typeOnly"`
	Truncated bool              `json:"truncated"`
}

// wireSessionLife is what the expiredSession state outlives.
const wireSessionLife = time.Hour

func TestWire(t *testing.T) {
	files, err := filepath.Glob("../../testdata/wire/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		pair := readWirePair(t, file)
		if !slices.Contains(pair.Sides, "emulator") {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			stage := setWireStage(t, pair)
			answer := stage.send(t, pair.Request)
			stage.checkReply(t, pair.Response, answer)
			if t.Failed() {
				t.Logf("%s\nsource: %s\nanswer: %d %s", pair.About, pair.Source, answer.status, answer.body)
			}
		})
	}
}

func readWirePair(t *testing.T, file string) wirePair {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var pair wirePair
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&pair), file)
	return pair
}

// wireStage is an emulator in the state a pair asks for, and what its placeholders stand for there.
type wireStage struct {
	*service
	values map[string]string
}

func setWireStage(t *testing.T, pair wirePair) *wireStage {
	t.Helper()
	given := pair.Given
	app := emulator.App{ID: demoApp, DisplayName: "Demo App", RedirectURIs: []string{"http://localhost:8080/auth/callback"}}
	if given.Token == "expiredSession" {
		app.PayloadTTL = wireSessionLife
	}
	stage := &wireStage{service: serve(t, emulator.Config{
		Workspaces:         []emulator.Workspace{{Name: demoWorkspace, Apps: []emulator.App{app}}},
		ExpiredStatus:      given.ExpiredStatus,
		PayloadLimitStatus: given.PayloadLimitStatus,
	})}
	userID, err := stage.mock.UserID(ada)
	require.NoError(t, err)
	stage.values = map[string]string{"{email}": ada, "{userId}": strconv.FormatInt(userID, 10)}
	if given.Payload != nil || given.Token != "" || pair.Request.mentions("{sessionToken}") {
		stage.values["{sessionToken}"] = stage.openSession(t, given)
	}
	// Made last, because the clock may have moved.
	stage.values["{idToken}"] = stage.idToken(ada)
	if given.IDToken == "garbled" {
		stage.values["{idToken}"] = "garbled.id.token"
	}
	limits := emulator.Limits{MaxSessions: given.MaxSessions, MaxPayloadBytes: given.MaxPayloadBytes}
	require.NoError(t, stage.mock.SetLimits(limits))
	stage.mock.LockBilling(given.BillingLocked)
	return stage
}

func (r wireRequest) mentions(placeholder string) bool {
	return strings.Contains(r.Target+r.Authorization, placeholder)
}

// openSession makes the session the pair is about, and returns its token in the wanted state.
func (s *wireStage) openSession(t *testing.T, given wireGiven) string {
	t.Helper()
	owner := ada
	if given.Token == "otherUser" {
		owner = bob
	}
	token := s.session(owner, string(given.Payload))
	switch given.Token {
	case "", "valid", "otherUser", "missing":
	case "expired":
		require.NoError(t, s.mock.ExpireToken(token))
	case "expiredSession":
		s.mock.Advance(2 * wireSessionLife)
	case "superseded":
		require.Equal(t, http.StatusOK, s.as(token, "POST", "/api/v1/auth/logout", "").status)
	case "revoked":
		require.Equal(t, http.StatusOK, s.as(token, "POST", "/api/v1/sessions/revoke", "").status)
	case "forgotten":
		s.mock.Reset()
	case "garbled":
		return "garbled.session.token"
	default:
		t.Fatalf("unknown token state %q", given.Token)
	}
	return token
}

func (s *wireStage) send(t *testing.T, request wireRequest) reply {
	t.Helper()
	body := request.Text
	if request.Body != nil {
		var compact bytes.Buffer
		require.NoError(t, json.Compact(&compact, request.Body))
		body = compact.String()
	}
	var header []string
	if body != "" && request.Headers["Content-Type"] == "" {
		header = append(header, "Content-Type", "application/json")
	}
	if request.Authorization != "" {
		header = append(header, "Authorization", s.fill(request.Authorization, nil))
	}
	for name, value := range request.Headers {
		header = append(header, name, s.fill(value, nil))
	}
	path, query, hasQuery := strings.Cut(request.Target, "?")
	target := s.fill(path, url.PathEscape)
	if hasQuery {
		target += "?" + s.fill(query, url.QueryEscape)
	}
	return s.do(request.Method, target, body, header...)
}

// fill puts the placeholders' values in, escaped for their place.
func (s *wireStage) fill(text string, escape func(string) string) string {
	for placeholder, value := range s.values {
		if escape != nil {
			value = escape(value)
		}
		text = strings.ReplaceAll(text, placeholder, value)
	}
	return text
}

func (s *wireStage) checkReply(t *testing.T, want wireResponse, got reply) {
	t.Helper()
	if got.status != want.Status {
		t.Errorf("status %d, want %d", got.status, want.Status)
	}
	for name, value := range want.Headers {
		s.checkHeader(t, name, value, got.header)
	}
	if want.Body == nil {
		if text := strings.TrimSuffix(got.body, "\n"); text != want.Text {
			t.Errorf("body %q, want %q", text, want.Text)
		}
		return
	}
	s.checkBody(t, want, got.body)
}

func (s *wireStage) checkBody(t *testing.T, want wireResponse, body string) {
	t.Helper()
	wanted, got := decodeExactly(t, string(want.Body)), decodeExactly(t, body)
	for _, member := range want.TypeOnly {
		wantedObject, _ := wanted.(map[string]any)
		gotObject, _ := got.(map[string]any)
		if a, b := wantedObject[member], gotObject[member]; reflect.TypeOf(a) != reflect.TypeOf(b) || b == "" {
			t.Errorf("%s is %v, want something like %v", member, b, a)
		}
		delete(wantedObject, member)
		delete(gotObject, member)
	}
	s.checkJSON(t, "body", wanted, got)
}

func (s *wireStage) checkHeader(t *testing.T, name, want string, header http.Header) {
	t.Helper()
	got := header.Get(name)
	switch name {
	case "Content-Type":
		if mediaType, _, err := mime.ParseMediaType(got); err != nil || mediaType != want {
			t.Errorf("Content-Type %q, want %q", got, want)
		}
	case "Vary", "Cache-Control":
		members := strings.Split(strings.Join(header.Values(name), ","), ",")
		if !slices.ContainsFunc(members, func(member string) bool { return strings.TrimSpace(member) == want }) {
			t.Errorf("%s %q does not name %q", name, members, want)
		}
	case "Location":
		s.checkLocation(t, want, got)
	default:
		if got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
}

func (s *wireStage) checkLocation(t *testing.T, want, got string) {
	t.Helper()
	wantPath, wantQuery, _ := strings.Cut(want, "?")
	gotPath, gotQuery, _ := strings.Cut(got, "?")
	if gotPath != wantPath {
		t.Errorf("Location %q, want %q", gotPath, wantPath)
	}
	wanted, _ := url.ParseQuery(wantQuery)
	query, err := url.ParseQuery(gotQuery)
	if err != nil || len(query) != len(wanted) {
		t.Errorf("Location's query %q, want %q", gotQuery, wantQuery)
	}
	for name := range wanted {
		s.checkString(t, "Location's "+name, wanted.Get(name), query.Get(name))
	}
}

func (s *wireStage) checkJSON(t *testing.T, path string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, isObject := got.(map[string]any)
		if !isObject || len(object) != len(want) {
			t.Errorf("%s is %v, want %v", path, got, want)
			return
		}
		for name, value := range want {
			member, found := object[name]
			if !found {
				t.Errorf("%s has no %q", path, name)
			}
			s.checkJSON(t, path+"."+name, value, member)
		}
	case []any:
		array, isArray := got.([]any)
		if !isArray || len(array) != len(want) {
			t.Errorf("%s is %v, want %v", path, got, want)
			return
		}
		for i := range want {
			s.checkJSON(t, fmt.Sprintf("%s[%d]", path, i), want[i], array[i])
		}
	case string:
		s.checkText(t, path, want, got)
	default:
		if got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
}

var wireInteger = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// checkText is for a string in a pair, which may stand for a number.
func (s *wireStage) checkText(t *testing.T, path, want string, got any) {
	t.Helper()
	switch got := got.(type) {
	case json.Number:
		isNumber := want == "{userId}" || want == "{sessionId}"
		if !isNumber || !wireInteger.MatchString(got.String()) || s.values[want] != "" && s.values[want] != got.String() {
			t.Errorf("%s is the number %v, want %s", path, got, want)
		}
	case string:
		s.checkString(t, path, want, got)
	default:
		t.Errorf("%s is %v, want %s", path, got, want)
	}
}

func (s *wireStage) checkString(t *testing.T, path, want, got string) {
	t.Helper()
	if want != "{newSessionToken}" {
		if got != s.fill(want, nil) {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
		return
	}
	if answer := s.as(got, "GET", "/api/v1/sessions", ""); answer.status != http.StatusOK {
		t.Errorf("%s is a token that is not good: %d %s", path, answer.status, answer.body)
	}
}

// decodeExactly keeps the digits of numbers.
func decodeExactly(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Errorf("not JSON: %v: %q", err, text)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Errorf("more than JSON: %q", text)
	}
	return value
}
