package middleware

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
)

// Importer gives what an old account holds, as the values of a session by their
// keys; nil is nothing. It is asked by the one call of [Import] that imports, and
// has 30 s until its context ends.
type Importer func(ctx context.Context, old secureflows.Identity) (map[string]any, error)

// Import moves what an old account holds into the session of its owner, once,
// and reports whether this call did. Call it where somebody who is linked to an
// old account comes in, ahead of the handlers that show or change the data: when
// it returns without an error the data is there, whoever imported it. A link is
// made while its owner holds good tokens of both, never by an e-mail address; where
// other sites have such tokens too, as AuthReturn's, by a second proof besides.
//
// Of old the Provider and the Subject count, so that a link from a table will do
// as well as what the provider's resolver answered.
//
// Keys that the session has already keep their values. So an import that broke
// off is gone on with by the next call, and nothing newer is overwritten, as long
// as handlers write to the session only after Import has returned. At the end the
// session holds a mark with the account and the time. Later calls ask for that
// mark, and do nothing else; an import costs one request for each key and about
// seven more.
//
// Of calls that meet, those of other replicas too, one imports, and the others
// wait for it as long as their contexts let them. It holds a claim in the payload
// that is good for a minute, and works with it for 30 s at most before it makes
// the next. A replica that crashed is waited for until its claim has ended. The
// clocks of replicas may differ by 30 s. For a write whose answer was lost the
// next call waits 5 s; no claim can help against one that arrives later still.
//
// An importer must not call Import for the same session, and must heed its
// context: whoever waits for it waits that long. Where the data is destroyed
// ([secureflows.Session.Revoke]) the mark goes with it, so that the link is to be
// deleted first, or the old data would come back.
//
// The mark is in one session. That an old account is linked to two accounts of
// secureFlows, it cannot see: let the table of links refuse it, whose key is the
// [secureflows.Person]. Keys that begin with "secureflows:import:" belong to
// Import.
//
// Errors: [secureflows.ErrInvalidRequest] without I/O for an old account that has
// no Provider or no Subject, and with nothing written for a value that no session
// can hold; the session's own, such as [secureflows.ErrPayloadTooLarge];
// [secureflows.ErrUnavailable] where the time of the claim was over. The
// importer's own error is wrapped: where it asks the old provider, a sign-out in
// it is about the old token, and not a reason to end this session. After every
// error call again; nothing that was imported is lost.
func Import(ctx context.Context, old secureflows.Identity, session *secureflows.Session, importer Importer) (imported bool, err error) {
	if err := checkImport(old, session, importer); err != nil {
		return false, err
	}
	i := &importing{session: session, old: old, importer: importer, mark: importMark(old.Person())}
	if _, err := session.Get(ctx, i.mark); !errors.Is(err, secureflows.ErrKeyNotFound) {
		return false, err // nil, where the mark is there
	}
	for pause := firstImportPause; ; pause = min(2*pause, longestImportPause) {
		imported, err := i.attempt(ctx)
		if !errors.Is(err, errImportClaimed) {
			return imported, err
		}
		if err := waitToImport(ctx, pause/2+rand.N(pause)); err != nil {
			return false, err
		}
	}
}

const (
	firstImportPause   = 50 * time.Millisecond
	longestImportPause = 2 * time.Second
)

func waitToImport(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("middleware: Import: waiting for another call that imports: %w", context.Cause(ctx))
	}
}

func checkImport(old secureflows.Identity, session *secureflows.Session, importer Importer) error {
	var mistake string
	switch {
	case old.Provider == "":
		mistake = "the old identity has no Provider, as those of secureFlows: give the one that the old provider's resolver answered"
	case old.Subject == "":
		mistake = "the old identity has no Subject, so that nobody knows whose it is: give the one that the old provider's resolver answered"
	case session == nil:
		mistake = "the session is nil: a token of secureFlows makes one, and one of another provider does not"
	case importer == nil:
		mistake = "the importer is nil"
	default:
		return nil
	}
	return fmt.Errorf("%w: Import: %s", secureflows.ErrInvalidRequest, mistake)
}

// importMark is the key of an account's mark. It is a hash since a Subject may be
// what no key can be, and since keys stand in URLs, which others log.
func importMark(person secureflows.Person) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s%s", len(person.Provider), person.Provider, person.Subject))
	return importMarks + base64.RawURLEncoding.EncodeToString(sum[:16])
}

// importDone is the value of a mark.
type importDone struct {
	Provider string    `json:"provider"`
	Subject  string    `json:"subject"`
	At       time.Time `json:"at"`
}

// importing is one call of Import.
type importing struct {
	session  *secureflows.Session
	old      secureflows.Identity
	importer Importer
	mark     string // the key

	held    string    // the key of the claim that counts, "" for none
	made    time.Time // when that was
	claims  []string  // all of its own that are, or may be, in the payload
	pending bool      // a write has failed, and may still be executed
	refused bool      // the token was: nothing more is sent with it
}

// attempt imports, unless somebody else does: errImportClaimed.
func (i *importing) attempt(ctx context.Context) (imported bool, err error) {
	if done, err := i.look(ctx); done || err != nil {
		return false, err
	}
	defer i.withdraw(ctx) // deferred since an importer may panic
	payload, err := i.claim(ctx)
	switch {
	case err != nil:
		return false, err
	case payload.Has(i.mark):
		return false, nil
	case i.claimedByOthers(payload):
		return false, errImportClaimed
	}
	values, err := i.ask(ctx)
	if err != nil {
		return false, err
	}
	if err := i.writeAll(ctx, values); err != nil {
		return false, err
	}
	return true, nil
}

// writeAll sets what the session does not have, and the mark when that is done.
func (i *importing) writeAll(ctx context.Context, values map[string]any) error {
	// The claim anew, for the time to write, and for the payload as it is now.
	payload, err := i.claim(ctx)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if err == nil && time.Since(i.made) > importWorkAge/2 {
			payload, err = i.claim(ctx)
		}
		if err == nil && !payload.Has(key) {
			payload, err = i.write(ctx, key, values[key])
		}
		if err != nil {
			return err
		}
	}
	if err == nil {
		_, err = i.write(ctx, i.mark, importDone{i.old.Provider, i.old.Subject, time.Now().UTC().Truncate(time.Second)})
	}
	return err
}

// ask gives what the importer says, if a session can hold that.
func (i *importing) ask(ctx context.Context) (map[string]any, error) {
	working, cancel := i.working(ctx)
	defer cancel()
	values, err := i.importer(working, i.old)
	if err != nil {
		return nil, i.late(ctx, fmt.Errorf("middleware: Import: the importer: %w", err))
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(key, importKeys) {
			return nil, fmt.Errorf("%w: Import: the importer gives a value for %q: keys that begin with %q are those of Import", secureflows.ErrInvalidRequest, key, importKeys)
		}
		// Set refuses such a key or value before it looks at the context, and
		// sends nothing after that.
		over, end := context.WithCancel(ctx)
		end()
		if _, err := i.session.Set(over, key, values[key]); errors.Is(err, secureflows.ErrInvalidRequest) {
			return nil, fmt.Errorf("middleware: Import: the importer: %w", err)
		}
	}
	return values, nil
}

// write sets a value for good. Where no answer comes that says otherwise, it may
// be executed yet.
func (i *importing) write(ctx context.Context, key string, value any) (secureflows.Payload, error) {
	payload, err := i.set(ctx, key, value)
	var facts *secureflows.Error
	answered := errors.As(err, &facts) && facts.StatusCode/100 == 4
	i.pending = err != nil && !answered && !errors.Is(err, errImportLost)
	return payload, err
}
