package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go"
)

// handler is the work of one route in its caller's session. What it returns is
// answered as JSON, nil as 204, and an error as a problem (RFC 9457).
type handler func(*http.Request, *secureflows.Session) (any, error)

// created is answered as 201.
type created struct {
	location string
	body     any
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		panic("api: this route is not behind the middleware: see routes")
	}
	w.Header().Set("Cache-Control", "no-store") // it is somebody's private data
	result, err := h(r, session)
	if err != nil {
		refuse(w, r, err)
		return
	}
	switch result := result.(type) {
	case nil:
		w.WriteHeader(http.StatusNoContent)
	case created:
		w.Header().Set("Location", result.location)
		write(w, http.StatusCreated, "application/json", result.body)
	default:
		write(w, http.StatusOK, "application/json", result)
	}
}

// unreadable says that a request's body is at fault.
type unreadable struct{ error }

func (u unreadable) Unwrap() error { return u.error }

// refuse answers an error. The middleware has let the request through, but the
// token may have ended since, and the service may be gone: only the former
// signs anybody out.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, detail := explain(err)
	if status >= 500 && r.Context().Err() == nil {
		slog.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "error", err) // holds no token and no note
	}
	switch status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter(err)))
	}
	write(w, status, "application/problem+json", map[string]any{
		"title": http.StatusText(status), "status": status, "detail": detail,
	})
}

// explain chooses the answer to an error.
func explain(err error) (status int, detail string) {
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong), errors.Is(err, secureflows.ErrPayloadTooLarge):
		return http.StatusRequestEntityTooLarge, "There is no room for this note."
	case errors.As(err, new(unreadable)):
		return http.StatusBadRequest, "The body must be a JSON object with a text."
	case errors.Is(err, secureflows.ErrKeyNotFound), errors.Is(err, secureflows.ErrInvalidRequest):
		// The id in the path is the one thing here that can be invalid.
		return http.StatusNotFound, "There is no such note."
	case errors.Is(err, secureflows.ErrSignedOut):
		return http.StatusUnauthorized, "The token has ended. Sign in again."
	case errors.Is(err, secureflows.ErrGraceLock), errors.Is(err, secureflows.ErrForbidden):
		return http.StatusForbidden, "This is not possible at present. You are still signed in."
	case errors.Is(err, secureflows.ErrRateLimited):
		return http.StatusTooManyRequests, "Too many requests. Nothing was done; try again."
	case errors.Is(err, secureflows.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "The notes cannot be reached just now. You are still signed in; try again."
	default:
		return http.StatusInternalServerError, "This should not have happened."
	}
}

// retryAfter is how many seconds the service asked to wait, or a few.
func retryAfter(err error) int {
	var facts *secureflows.Error
	if errors.As(err, &facts) && facts.RetryAfter > 0 {
		return int((facts.RetryAfter + time.Second - 1) / time.Second)
	}
	return 5
}

func write(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever left does not read it
}
