package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/secureflows/secureflows-go"
)

const (
	exitFailed      = 1
	exitUsage       = 2
	exitSignedOut   = 3
	exitInterrupted = 130
)

// exitCodes are for scripts to decide by: the first that an error is counts.
var exitCodes = []struct {
	err  error
	code int
}{
	{context.Canceled, exitInterrupted},
	{errUsage, exitUsage},
	{secureflows.ErrInvalidRequest, exitUsage},
	{errNotSignedIn, exitSignedOut},
	{secureflows.ErrSignedOut, exitSignedOut},
	{secureflows.ErrKeyNotFound, 4},
	{secureflows.ErrUnavailable, 5},
	{context.DeadlineExceeded, 5},
	{secureflows.ErrRateLimited, 6},
	{secureflows.ErrGraceLock, 7},
	{secureflows.ErrForbidden, 8},
	{secureflows.ErrPayloadTooLarge, 9},
	{secureflows.ErrSessionLimit, 9},
}

const exitCodeHelp = `Exit codes:
  0    done
  1    anything that is not below
  2    a mistake in the command
  3    not signed in, or not any more
  4    nothing is stored under the key
  5    the service did not answer; says nothing about the sign-in
  6    rate limited; nothing was done, try again later
  7    the workspace is locked over billing; not a sign-out
  8    refused for want of a permission; not a sign-out
  9    a limit of the plan
  130  interrupted`

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	for _, entry := range exitCodes {
		if errors.Is(err, entry.err) {
			return entry.code
		}
	}
	return exitFailed
}

// errUsage is a mistake in a command.
var errUsage = errors.New("usage")

// mistake says what is wrong with a command, and how it is right.
func mistake(format string, args ...any) error {
	return &told{fmt.Sprintf(format, args...), errUsage}
}

// told is an error in words of this program, to decide by what is below it.
type told struct {
	text string
	err  error
}

func (t *told) Error() string { return t.text }

func (t *told) Unwrap() error { return t.err }

// describe says what happened. The library's own words do, but for its name and
// for what people of this program are told otherwise.
func describe(err error) string {
	switch {
	case errors.As(err, new(*told)):
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time; try again later"
	case errors.Is(err, secureflows.ErrTokenExpired):
		return "your sign-in has expired, your data is kept: sign in again with login"
	case errors.Is(err, secureflows.ErrSignedOut):
		return "you were signed out elsewhere: sign in again with login"
	}
	return strings.ReplaceAll(err.Error(), "secureflows: ", "")
}
