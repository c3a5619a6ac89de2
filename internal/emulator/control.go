package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
)

const controlPrefix = "/_emulator/"

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
}

// controlAnswer answers everything under /_emulator/.
func (e *Emulator) controlAnswer(r *request) answer {
	name := strings.TrimPrefix(r.path, controlPrefix)
	call, known := controls[name]
	method := http.MethodPost
	if name == "requests" {
		call, known, method = (*Emulator).controlRequests, true, http.MethodGet
	}
	switch {
	case r.Method == http.MethodOptions:
		return preflight(r.Request)
	case !known:
		return errNotFound.answer()
	case r.Method != method && !(r.Method == http.MethodHead && method == http.MethodGet):
		a := errNotAllowed.answer()
		a.setHeader("Allow", method+", OPTIONS")
		return a
	}
	result, err := call(e, r)
	if err != nil {
		message := strings.TrimPrefix(err.Error(), "emulator: ")
		return badRequest(redactText(message, nil)).answer()
	}
	body, err := json.Marshal(result)
	if err != nil {
		panic("emulator: control answer does not marshal: " + err.Error())
	}
	return jsonAnswer(body)
}

// decode reads the body into a struct. A field that is not known is refused: it
// is most likely misspelled, and a test would wait for its effect in vain.
func (r *request) decode(into any) error {
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(into); {
	case errors.Is(err, io.EOF):
		return errors.New("the body is empty: send a JSON object")
	case err != nil:
		return fmt.Errorf("the body is not understood: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body has text after its JSON object")
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
	const century = 100 * 366 * 24 * 60 * 60
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
