package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// clockStep is a choice of how far to move the clock.
type clockStep struct {
	Seconds int
	Text    string
}

var clockSteps = []clockStep{
	{60, "1 minute"}, {60 * 60, "1 hour"}, {24 * 60 * 60, "1 day"}, {8 * 24 * 60 * 60, "8 days"}, {366 * 24 * 60 * 60, "1 year"},
}

// dashboardActions are the buttons, by the names under which notice says what
// they did.
var dashboardActions = map[string]func(*Emulator, *request, url.Values) error{
	"expire":  (*Emulator).pressExpire,
	"revoke":  (*Emulator).pressRevoke,
	"lock":    func(e *Emulator, _ *request, _ url.Values) error { e.LockBilling(true); return nil },
	"unlock":  func(e *Emulator, _ *request, _ url.Values) error { e.LockBilling(false); return nil },
	"advance": (*Emulator).pressAdvance,
	"fault":   (*Emulator).pressFault,
	"reset":   func(e *Emulator, _ *request, _ url.Values) error { e.Reset(); return nil },
}

// POST /_emulator/: the buttons of the page. The guard of the control API has
// seen to it that the form is the page's own.
func (e *Emulator) dashboardForm(r *request) answer {
	form, refused := r.form()
	if refused != nil {
		return page(refused.status, "refused", refused.message)
	}
	name := form.Get("action")
	press := dashboardActions[name]
	if press == nil {
		return e.dashboard(r, http.StatusBadRequest, "There is no such button.")
	}
	if err := press(e, r, form); err != nil {
		return e.dashboard(r, http.StatusBadRequest, sentence(shown(controlProblem(err))))
	}
	e.watchers.tell(changed)
	back := controlPrefix + "?done=" + name
	if id, err := strconv.ParseInt(form.Get("session"), 10, 64); err == nil {
		back += fmt.Sprintf("#session-%d", id)
	}
	return redirectAnswer(http.StatusSeeOther, back)
}

// sentence makes one of an error's text.
func sentence(text string) string {
	return strings.TrimSuffix(strings.ToUpper(text[:1])+text[1:], ".") + "."
}

var errNoSuchSession = errors.New("that session is not here any more, perhaps after a reset")

// pressed is the session whose button it was.
func (e *Emulator) pressed(form url.Values) (*session, error) {
	id, err := strconv.ParseInt(form.Get("session"), 10, 64)
	if err != nil || id < 0 {
		return nil, errNoSuchSession
	}
	if s := e.store.Load().sessions.find(id); s != nil {
		return s, nil
	}
	return nil, errNoSuchSession
}

func (e *Emulator) pressExpire(_ *request, form url.Values) error {
	s, err := e.pressed(form)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.endAll(e.serials.Load())
	}
	return err
}

func (e *Emulator) pressRevoke(r *request, form url.Values) error {
	s, err := e.pressed(form)
	if err == nil {
		s.revoke(r.now)
	}
	return err
}

func (e *Emulator) pressAdvance(_ *request, form url.Values) error {
	seconds, err := strconv.Atoi(form.Get("seconds"))
	if err != nil || seconds < 1 || seconds > century {
		return errors.New("the clock moves by a number of seconds, up to a hundred years")
	}
	e.Advance(time.Duration(seconds) * time.Second)
	return nil
}

func (e *Emulator) pressFault(_ *request, form url.Values) error {
	number := func(name string, most int) (int, error) {
		if form.Get(name) == "" {
			return 0, nil
		}
		n, err := strconv.Atoi(form.Get(name))
		if err != nil || n < 0 || n > most {
			return 0, fmt.Errorf("the %s of the fault is a whole number up to %d", name, most)
		}
		return n, nil
	}
	status, err := number("status", 599)
	delay, delayErr := number("delay", int(time.Hour/time.Millisecond))
	times, timesErr := number("times", 1_000_000)
	if err = errors.Join(err, delayErr, timesErr); err != nil {
		return err
	}
	return e.AddFault(Fault{
		Path: form.Get("path"), Status: status, Delay: time.Duration(delay) * time.Millisecond,
		Drop: form.Get("drop") != "", Times: times,
	})
}
