package middleware_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// archive is what the system that is left behind has of everybody.
type archive map[secureflows.Person]account

type account struct {
	Theme string
	Notes map[string]string // by id
}

// load is the Importer: an account as the values of a session.
func (a archive) load(_ context.Context, old secureflows.Identity) (map[string]any, error) {
	account, found := a[old.Person()]
	if !found {
		return nil, errors.New("the archive has no such account")
	}
	values := map[string]any{"theme": account.Theme}
	for id, text := range account.Notes {
		values["note:"+id] = map[string]string{"text": text}
	}
	return values, nil
}

// An account moves when its owner comes, and once.
func ExampleImport() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, session := context.Background(), mock.Session("ada@example.com")
	// From the table of links, or from the old provider's resolver.
	old := secureflows.Identity{Provider: "authreturn", Subject: "7"}
	accounts := archive{old.Person(): {Theme: "dark", Notes: map[string]string{"7": "milk", "8": "a boat"}}}

	imported, err := middleware.Import(ctx, old, session, accounts.load)
	fmt.Println(imported, err)

	_, _ = session.Delete(ctx, "note:7") // the person drinks no milk any more
	imported, err = middleware.Import(ctx, old, session, accounts.load)
	fmt.Println(imported, err)
	payload, err := session.Payload(ctx)
	fmt.Println(payload.WithPrefix("note:").Keys(), err)
	// Output:
	// true <nil>
	// false <nil>
	// [note:8] <nil>
}

// An importer that fails leaves nothing behind, and the next call tries again.
func ExampleImporter() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, session := context.Background(), mock.Session("ada@example.com")
	old := secureflows.Identity{Provider: "authreturn", Subject: "7"}

	down := errors.New("the archive is down")
	var importer middleware.Importer = func(context.Context, secureflows.Identity) (map[string]any, error) { return nil, down }
	_, err := middleware.Import(ctx, old, session, importer)
	fmt.Println(errors.Is(err, down))

	importer = archive{old.Person(): {Theme: "dark"}}.load
	fmt.Println(middleware.Import(ctx, old, session, importer))
	// Output:
	// true
	// true <nil>
}
