package main

import (
	"context"

	"github.com/secureflows/secureflows-go"
)

// Appearance is where the theme lives from now on.
type Appearance struct {
	Theme string `json:"theme"`
}

var (
	oldTheme   = secureflows.Key[string]{Name: "theme"}
	appearance = secureflows.Key[Appearance]{Name: "appearance"}
)

// moveTheme is the work in one session: it moves the theme to its new key, and
// reports whether there was anything to move. It may be cut off at any place and
// run again: what was written under the new key counts, and the old key goes
// last.
func moveTheme(ctx context.Context, session *secureflows.Session) (changed bool, err error) {
	payload, err := session.Payload(ctx)
	if err != nil || !payload.Has(oldTheme.Name) {
		return false, err
	}
	if !payload.Has(appearance.Name) {
		var theme string
		if err := payload.Decode(oldTheme.Name, &theme); err != nil {
			return false, err
		}
		if _, err := appearance.Set(ctx, session, Appearance{Theme: theme}); err != nil {
			return false, err
		}
	}
	_, err = oldTheme.Delete(ctx, session)
	return err == nil, err
}
