package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator/strictjson"
)

const controlPrefix = "/_emulator/"

// century is a bound for moving the clock, in seconds.
const century = 100 * 366 * 24 * 60 * 60

// control is a call of the control API: it changes the emulator and returns
// what is answered as JSON, or what is wrong with the body.
type control func(*Emulator, *request) (any, error)

var controls = map[string]control{
	"id-token": (*Emulator).controlIDToken,
	"expire":   (*Emulator).controlExpire,
	"advance":  (*Emulator).controlAdvance,
	"limits":   (*Emulator).controlLimits,
	"billing":  (*Emulator).controlBilling,
	"faults":   (*Emulator).controlFaults,
	"reset":    (*Emulator).controlReset,
	"seed":     (*Emulator).controlSeed,

	"self-service": (*Emulator).controlSelfService,
}

// controlReads are the calls that change nothing.
var controlReads = map[string]control{
	"requests": (*Emulator).controlRequests,
	"export":   (*Emulator).controlExport,
}

// controlAnswer answers everything under /_emulator/.
func (e *Emulator) controlAnswer(r *request) answer {
	name := strings.TrimPrefix(r.path, controlPrefix)
	call, known := controls[name]
	method := http.MethodPost
	if read, found := controlReads[name]; found {
		call, known, method = read, true, http.MethodGet
	}
	if refused := e.guard(r); refused != nil {
		return refused.answer()
	}
	if r.Method == http.MethodOptions {
		return preflight(r.Request)
	}
	if a, found := e.controlPage(r, name); found {
		return a
	}
	switch {
	case !known:
		return errNotFound.answer()
	case r.Method != method && !(r.Method == http.MethodHead && method == http.MethodGet):
		a := errNotAllowed.answer()
		a.setHeader("Allow", method)
		return a
	}
	result, err := call(e, r)
	if err != nil {
		return badRequest(redactText(controlProblem(err), nil)).answer()
	}
	if method == http.MethodPost {
		e.watchers.tell(changed)
	}
	return jsonAnswer(marshal(result))
}

// controlProblem speaks of the members of a body rather than of Go fields.
func controlProblem(err error) string {
	var wrong *ConfigError
	if errors.As(err, &wrong) {
		return wrong.Member() + " " + wrong.Problem
	}
	return strings.TrimPrefix(err.Error(), "emulator: ")
}

// marshal leaves <, > and & alone: a payload that is exported is to be the
// same payload.
func marshal(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("emulator: control answer does not marshal: " + err.Error())
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// decode reads the body into a struct.
func (r *request) decode(into any) error {
	if r.oversize {
		return fmt.Errorf("the body is longer than %d MiB", maxBody>>20)
	}
	if err := strictjson.Decode(r.body, into); err != nil {
		return fmt.Errorf("the body is not understood: %w", err)
	}
	return nil
}

func (e *Emulator) controlIDToken(r *request) (any, error) {
	var body struct {
		Email string `json:"email"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	token, err := e.IDToken(body.Email)
	return map[string]string{"idToken": token}, err
}

func (e *Emulator) controlExpire(r *request) (any, error) {
	var body struct {
		SessionToken string `json:"sessionToken"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	return map[string]bool{"expired": true}, e.ExpireToken(body.SessionToken)
}

func (e *Emulator) controlAdvance(r *request) (any, error) {
	var body struct {
		Seconds *float64 `json:"seconds"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Seconds == nil || *body.Seconds < 0 || *body.Seconds > century {
		return nil, errors.New("seconds is required, and between 0 and a hundred years")
	}
	e.Advance(time.Duration(math.Round(*body.Seconds * float64(time.Second))))
	return map[string]time.Time{"now": e.Now()}, nil
}

// controlLimits leaves a limit that is not named as it was.
func (e *Emulator) controlLimits(r *request) (any, error) {
	limits := e.Limits()
	body := struct {
		MaxSessions     *int `json:"maxSessions"`
		MaxPayloadBytes *int `json:"maxPayloadBytes"`
	}{&limits.MaxSessions, &limits.MaxPayloadBytes}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	answer := map[string]int{"maxSessions": limits.MaxSessions, "maxPayloadBytes": limits.MaxPayloadBytes}
	return answer, e.SetLimits(limits)
}

func (e *Emulator) controlBilling(r *request) (any, error) {
	var body struct {
		Locked *bool `json:"locked"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Locked == nil {
		return nil, errors.New("locked is required: true or false")
	}
	e.LockBilling(*body.Locked)
	return map[string]bool{"locked": *body.Locked}, nil
}

func (e *Emulator) controlSelfService(r *request) (any, error) {
	var body struct {
		Workspace string `json:"workspace"`
		Enabled   *bool  `json:"enabled"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if body.Enabled == nil {
		return nil, errors.New("enabled is required: true or false")
	}
	return map[string]bool{"enabled": *body.Enabled}, e.EnableSelfService(body.Workspace, *body.Enabled)
}

func (e *Emulator) controlFaults(r *request) (any, error) {
	var body faultBody
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	fault, err := body.fault()
	if err != nil {
		return nil, err
	}
	return map[string]bool{"queued": true}, e.AddFault(fault)
}

func (e *Emulator) controlReset(*request) (any, error) {
	e.Reset()
	return map[string]bool{"reset": true}, nil
}

func (e *Emulator) controlRequests(*request) (any, error) {
	return map[string][]Request{"requests": e.Requests()}, nil
}
