package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/secureflows/secureflows-go"
)

// errUsage is a mistake in the call; errSomeFailed says that the report names
// people in whose session the work failed.
var (
	errUsage      = errors.New("usage")
	errSomeFailed = errors.New("some failed")
)

// exitCode is for whoever schedules the job to decide by.
func exitCode(err error) int {
	for _, entry := range []struct {
		err  error
		code int
	}{
		{nil, 0}, {flag.ErrHelp, 0}, {errUsage, 2},
		{context.Canceled, 130},
		{secureflows.ErrUnavailable, 5},
		{secureflows.ErrRateLimited, 6},
		{secureflows.ErrGraceLock, 7},
		{secureflows.ErrSessionLimit, 9},
		{secureflows.ErrInvalidRequest, 2},
	} {
		if errors.Is(err, entry.err) {
			return entry.code
		}
	}
	return 1
}

// told is an error in words of this program, to decide by what is below it.
type told struct {
	text string
	err  error
}

func (t *told) Error() string { return t.text }

func (t *told) Unwrap() error { return t.err }

func mistake(format string, args ...any) error {
	return &told{fmt.Sprintf(format, args...), errUsage}
}

func describe(err error) string { return strings.ReplaceAll(err.Error(), "secureflows: ", "") }
