package jwtverify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go"
)

const (
	fetchTimeout   = 10 * time.Second
	maxKeySetBytes = 1 << 20
)

// flight is one fetch and all who wait for it. It belongs to none of them.
type flight struct {
	number int64
	asked  time.Duration
	done   chan struct{}
	// The others are written before done is closed, and read after.
	failure  *outage
	panicked any // what the HTTP client panicked with
}

// wait returns when the fetch has ended: nil when it brought keys.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.panicked != nil {
		panic(f.panicked)
	}
	if f.failure != nil {
		return f.failure
	}
	return nil
}

// fly fetches the keys, with nothing of the request that asked first: its end
// is not that of the others, and what it carries is no business of the issuer.
func (k *KeySet) fly(f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	var found *keys
	failure := failed(0, "the fetch did not return")
	defer func() {
		// No net/http catches a panic here: those who wait have it instead.
		f.panicked = recover()
		k.land(f, found, failure)
	}()
	found, failure = k.fetch(ctx)
}

func (k *KeySet) fetch(ctx context.Context) (*keys, *outage) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return nil, failed(0, "the request cannot be made")
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	answer, err := k.client.Do(request)
	if err != nil {
		return nil, failed(0, reason(err))
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		failure := failed(answer.StatusCode, fmt.Sprintf("the issuer answered %d", answer.StatusCode))
		if answer.StatusCode/100 == 3 {
			failure.facts.Message += ": redirects are not followed; configure where it leads"
		}
		failure.asked = retryAfter(answer.Header.Get("Retry-After"), k.now())
		return nil, failure
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySetBytes+1))
	switch {
	case err != nil:
		return nil, failed(answer.StatusCode, "the answer broke off: "+reason(err))
	case len(text) > maxKeySetBytes:
		return nil, failed(answer.StatusCode, "the answer is of more than 1 MiB")
	}
	found := readKeys(text)
	if found == nil {
		return nil, failed(answer.StatusCode, "the answer is no key set with a key for ES256 or RS256")
	}
	return found, nil
}

// reason is the text of an error without the URL, whose query may be a secret.
func reason(err error) string {
	var about *url.Error
	if errors.As(err, &about) {
		err = about.Err
	}
	return err.Error()
}

// withoutRedirects copies the caller's client, which is left as it is. Keys are
// taken from where they were configured to be and from nowhere else.
func withoutRedirects(given *http.Client) *http.Client {
	client := http.Client{Timeout: fetchTimeout}
	if given != nil {
		client = *given
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client.Jar = nil
	return &client
}

// outage is why there are no keys. Its cause is in the text alone: if it were
// wrapped, the end of the fetch's context would pass for that of the caller's.
type outage struct {
	facts secureflows.Error
	// asked is the pause that the issuer asked for.
	asked time.Duration
}

func failed(status int, reason string) *outage {
	return &outage{facts: secureflows.Error{Op: "fetch key set", StatusCode: status, Message: reason}}
}

func (o *outage) Error() string {
	return secureflows.ErrUnavailable.Error() + ": " + o.facts.Op + ": " + o.facts.Message
}

// Unwrap gives the error to decide by, and when to try again.
func (o *outage) Unwrap() []error { return []error{secureflows.ErrUnavailable, &o.facts} }

// lasting is the same outage for somebody who comes later.
func (o *outage) lasting(rest time.Duration) *outage {
	later := *o
	later.facts.RetryAfter = rest
	return &later
}

const (
	firstPause = 5 * time.Second
	lastPause  = 30 * time.Second
	// longestAsked bounds what an issuer may ask for: it is an outage of all who
	// sign in, and one header must not make it last for a day.
	longestAsked = time.Minute
)

// pause is how long there is no further fetch after so many failed ones.
func (o *outage) pause(failures int) time.Duration {
	pause := lastPause
	if failures <= 3 {
		pause = min(firstPause<<(failures-1), lastPause)
	}
	return max(pause, min(o.asked, longestAsked))
}

// retryAfter reads the header of that name (RFC 9110 section 10.2.3): seconds,
// or a date.
func retryAfter(value string, now time.Time) time.Duration {
	// What is out of range comes as the largest number.
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return date.Sub(now)
	}
	return 0
}
