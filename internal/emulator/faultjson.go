package emulator

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// faultBody is a Fault in the JSON of the control API.
type faultBody struct {
	Path        string          `json:"path"`
	Method      string          `json:"method"`
	Status      int             `json:"status"`
	Body        json.RawMessage `json:"body"`
	ContentType string          `json:"contentType"`
	Headers     map[string]any  `json:"headers"`
	DelayMs     float64         `json:"delayMs"`
	Drop        bool            `json:"drop"`
	Truncate    bool            `json:"truncate"`
	Times       int             `json:"times"`
}

func (b faultBody) fault() (Fault, error) {
	f := Fault{
		Path: b.Path, Method: b.Method, Status: b.Status, ContentType: b.ContentType,
		Drop: b.Drop, Truncate: b.Truncate, Times: b.Times,
	}
	delay := b.DelayMs * float64(time.Millisecond)
	if delay > math.MaxInt64 {
		return f, fmt.Errorf("the delay of %v ms is too long", b.DelayMs)
	}
	f.Delay = time.Duration(delay)
	b.setBody(&f)
	return f, b.setHeader(&f)
}

// setBody takes a body that is text as it is, "" as an empty body, and any
// other JSON as that JSON.
func (b faultBody) setBody(f *Fault) {
	if len(b.Body) == 0 || string(b.Body) == "null" {
		return
	}
	if json.Unmarshal(b.Body, &f.Body) != nil {
		f.Body = string(b.Body)
	}
	if f.Body == "" {
		f.EmptyBody = true
		f.ContentType = "" // no answer is labelled and empty
	}
}

func (b faultBody) setHeader(f *Fault) error {
	for name, value := range b.Headers {
		var text string
		switch value := value.(type) {
		case string:
			text = value
		case float64:
			text = strconv.FormatFloat(value, 'f', -1, 64)
		default:
			return fmt.Errorf("the header %s is neither text nor a number", name)
		}
		if f.Header == nil {
			f.Header = make(http.Header)
		}
		f.Header.Set(name, text)
	}
	return nil
}
