package secureflows_test

import (
	"bytes"
	"context"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func TestNewTokenAccepts(t *testing.T) {
	for _, text := range []string{
		"a", "eyJhbGciOi.J9-_~+/", "padded==", "=a"[1:], strings.Repeat("a", 16<<10),
	} {
		session, err := secureflows.NewToken(text)
		require.NoError(t, err)
		assert.Equal(t, text, session.Reveal())
		assert.False(t, session.IsZero())
		id, err := secureflows.NewIDToken(text)
		require.NoError(t, err)
		assert.Equal(t, text, id.Reveal())
	}
}

func TestNewTokenRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                "",
		"white space in front":   " hunter2hunter2",
		"a line break behind":    "hunter2hunter2\n",
		"a whole header":         "Bearer hunter2hunter2",
		"quotes":                 `"hunter2hunter2"`,
		"a NUL":                  "hunter2\x00hunter2",
		"a header of its own":    "hunter2\r\nX-Evil: 1",
		"letters beyond ASCII":   "hunter2hünter2",
		"a percent sign":         "hunter2%20hunter2",
		"padding in the middle":  "hunter2=hunter2",
		"padding alone":          "==",
		"one byte over 16 KiB":   strings.Repeat("hunter22", 2<<10) + "a",
		"a list of two":          "hunter2,hunter2",
		"an invalid UTF-8 byte":  "hunter2hunter2\xff",
		"a colon, as in Basic's": "user:hunter2",
	} {
		for kind, make := range map[string]func(string) (any, error){
			"session token": func(s string) (any, error) { return secureflows.NewToken(s) },
			"ID token":      func(s string) (any, error) { return secureflows.NewIDToken(s) },
		} {
			made, err := make(text)
			assert.Equal(t, []string{"ErrInvalidRequest"}, sentinelsOf(err), name)
			assert.ErrorContains(t, err, kind, name)
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "hunter2", name)
			assert.Contains(t, []any{secureflows.Token{}, secureflows.IDToken{}}, made, name)
		}
	}
}

func TestTokensOfEqualTextAreEqual(t *testing.T) {
	one, other := token(t, sessionText), token(t, string([]byte(sessionText)))
	assert.True(t, one == other)
	assert.False(t, one == token(t, "4"+sessionText))
	seen := map[secureflows.Token]int{one: 1}
	seen[other]++
	assert.Equal(t, map[secureflows.Token]int{one: 2}, seen)
	assert.True(t, secureflows.Token{}.IsZero())
	assert.Empty(t, secureflows.Token{}.Reveal())
}

// holder has tokens wherever a caller may put them.
type holder struct {
	Exported   secureflows.Token
	Pointer    *secureflows.Token
	List       []secureflows.Token
	Map        map[string]secureflows.IDToken
	Any        any
	Session    *secureflows.Session
	unexported secureflows.Token
	hidden     *secureflows.IDToken
	list       []secureflows.IDToken
	keys       map[secureflows.Token]string
	held       any
	session    secureflows.Session
}

// places are all the ways to hold the tokens and the session of secret.
func places(t *testing.T) map[string]any {
	tokens := demoTokens(t)
	session := newClient(t, answering(hang)).Session(tokens.session)
	h := holder{
		tokens.session, &tokens.session, []secureflows.Token{tokens.session},
		map[string]secureflows.IDToken{"k": tokens.id}, tokens.id, session,
		tokens.session, &tokens.id, []secureflows.IDToken{tokens.id},
		map[secureflows.Token]string{tokens.session: "v"}, tokens.session, *session,
	}
	return map[string]any{
		"token": tokens.session, "pointer": &tokens.session, "ID token": tokens.id, "pointer to ID token": &tokens.id,
		"slice": []secureflows.Token{tokens.session}, "array": [1]secureflows.IDToken{tokens.id},
		"map": map[string]secureflows.Token{"k": tokens.session}, "map key": map[secureflows.Token]int{tokens.session: 1},
		"slice of any": []any{tokens.session, &tokens.id}, "struct": h, "pointer to struct": &h,
		"slice of structs": []holder{h}, "session": session, "session by value": *session,
		"slice of sessions": []*secureflows.Session{session}, "map of sessions": map[string]secureflows.Session{"k": *session},
		"options with an ID token": secureflows.Callback{IDToken: tokens.id, Token: tokens.session},
	}
}

var verbs = "vTtbcdoOqxXUeEfFgGspw!y"

func TestNoVerbShowsAToken(t *testing.T) {
	for name, value := range places(t) {
		for _, verb := range verbs {
			for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "100", ".300", "-100.7", "#100"} {
				format := "%" + flags + string(verb)
				assertHidden(t, fmt.Sprintf(format, value), name, format)
			}
		}
		assertHidden(t, fmt.Sprint(value), name, "Sprint")
		assertHidden(t, fmt.Sprintln(value), name, "Sprintln")
		assertHidden(t, fmt.Errorf("%w", fmt.Errorf("%v", value)).Error(), name, "Errorf")
		assertHidden(t, fmt.Sprintf("%[2]*[1]v", value, 3), name, "star")
	}
}

// assertHidden fails when text holds eight consecutive characters of either
// token.
func assertHidden(t *testing.T, text string, where ...string) {
	t.Helper()
	for _, secret := range []string{sessionText, idText} {
		for i := 0; i+8 <= len(secret); i++ {
			if strings.Contains(text, secret[i:i+8]) {
				t.Errorf("%s shows %q of a token: %.300s", strings.Join(where, ", "), secret[i:i+8], text)
				return
			}
		}
	}
}

func TestATokenItselfReadsRedacted(t *testing.T) {
	tokens := demoTokens(t)
	for _, verb := range strings.NewReplacer("T", "", "p", "", "w", "").Replace(verbs) { // fmt asks no method for those
		for _, value := range []any{tokens.session, &tokens.session, tokens.id, &tokens.id, secureflows.Token{}} {
			assert.Equal(t, "[REDACTED]", fmt.Sprintf("%"+string(verb), value), "%c", verb)
			assert.Equal(t, "[REDACTED]", fmt.Sprintf("%#30"+string(verb), value), "%c", verb)
		}
		session := newClient(t, answering(hang)).Session(tokens.session)
		for _, value := range []any{session, *session} {
			assert.Equal(t, "secureflows.Session([REDACTED])", fmt.Sprintf("%"+string(verb), value), "%c", verb)
		}
	}
	assert.Equal(t, "[REDACTED]", tokens.session.String())
	assert.Equal(t, "{[REDACTED]}", fmt.Sprintf("%v", struct{ T secureflows.Token }{tokens.session}))
	assert.Equal(t, "[[REDACTED]]", fmt.Sprintf("%d", []secureflows.IDToken{tokens.id}))
}

func TestLogsShowNoToken(t *testing.T) {
	for name, value := range places(t) {
		var b bytes.Buffer
		for _, handler := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			logger := slog.New(handler)
			logger.Info("m", "value", value)
			logger.With("value", value).WithGroup("g").Info("m", slog.Group("h", "value", value))
		}
		assertHidden(t, b.String(), name)
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "token", token(t, sessionText))
	assert.Contains(t, b.String(), "token=[REDACTED]")
}

func TestEncodingsShowNoToken(t *testing.T) {
	for name, value := range places(t) {
		var all bytes.Buffer
		if text, err := json.Marshal(value); assert.NoError(t, err, name) {
			all.Write(text)
		}
		text, err := xml.Marshal(value)
		all.Write(text)
		all.WriteString(fmt.Sprint(err))
		all.WriteString(fmt.Sprint(gob.NewEncoder(&all).Encode(value)))
		if m, ok := value.(encoding.TextMarshaler); ok {
			text, err := m.MarshalText()
			assert.NoError(t, err)
			assert.Equal(t, "[REDACTED]", string(text))
		}
		assertHidden(t, all.String(), name)
	}
	tokens := demoTokens(t)
	text, err := json.Marshal(map[string]any{"a": tokens.session, "b": &tokens.id})
	require.NoError(t, err)
	assert.JSONEq(t, `{"a":"[REDACTED]","b":"[REDACTED]"}`, string(text))
	text, err = xml.Marshal(tokens.session)
	require.NoError(t, err)
	assert.Contains(t, string(text), "[REDACTED]")
}

func TestATokenIsNotDecoded(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, gob.NewEncoder(&b).Encode(token(t, sessionText)))
	var back secureflows.Token
	assert.Error(t, gob.NewDecoder(&b).Decode(&back), "[REDACTED] became a token")
	assert.True(t, back.IsZero())
	var stored struct{ Token secureflows.Token }
	assert.Error(t, json.Unmarshal([]byte(`{"Token":"[REDACTED]"}`), &stored))
	assert.True(t, stored.Token.IsZero())
}

func TestZeroTokensAreRefusedBeforeIO(t *testing.T) {
	for _, op := range operations {
		if op.kind == onNothing {
			continue
		}
		service := answering(reply(200, op.ok))
		client := newClient(t, service)
		client.OnSignedOut(func(secureflows.Token) { t.Errorf("%s: told of no token", op.name) })
		err := op.do(context.Background(), client, tokens{})
		assert.Equal(t, []string{"ErrSignedOut", "ErrUnauthenticated"}, sentinelsOf(err), op.name)
		assert.Empty(t, service.requests(), op.name)
		assert.Empty(t, factsOf(t, err).RequestID, "nothing was sent")
	}
	client := newClient(t, answering(hang))
	_, _, err := client.RenewSession(context.Background(), secureflows.IDToken{}, token(t, sessionText))
	assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	_, err = client.Resolve(context.Background(), secureflows.Token{})
	assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
}
