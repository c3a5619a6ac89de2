package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/spf13/cobra"
)

// ran is a failure of an action. What cobra itself finds wrong is without it: a
// mistake of whoever typed the command.
type ran struct{ error }

func (r ran) Unwrap() error { return r.error }

func (p *program) action(act func(context.Context, []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		if err := act(command.Context(), args); err != nil {
			return ran{err}
		}
		return nil
	}
}

// signed is an action that needs somebody signed in.
func (p *program) signed(act func(context.Context, []string) error) func(*cobra.Command, []string) error {
	return p.action(func(ctx context.Context, args []string) error {
		if p.session == nil {
			return &told{"nobody is signed in, and no token is ever stored: run " + name + " login and type the command there, or give it to login by -c", errNotSignedIn}
		}
		return act(ctx, args)
	})
}

// execute runs one command.
func (p *program) execute(ctx context.Context, commands *cobra.Command, args []string) error {
	commands.SilenceErrors, commands.SilenceUsage = true, true
	commands.SetErr(p.console.notice)
	commands.SetArgs(args)
	err := commands.ExecuteContext(ctx)
	if action := (ran{}); errors.As(err, &action) {
		return action.error
	}
	if err != nil && !errors.Is(err, errUsage) {
		text := strings.TrimSpace(strings.Replace(err.Error(), ` for ""`, "", 1)) // the prompt has no name
		err = mistake("%s\n\n-h says what there is.", text)
	}
	return err
}

// show prints what the service answers.
func show[T any](ctx context.Context, p *program, ask func(context.Context) (T, error)) error {
	var answer T
	err := p.call(ctx, func(ctx context.Context) (err error) {
		answer, err = ask(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return p.console.print(answer)
}

func (p *program) whoami(ctx context.Context, _ []string) error {
	return show(ctx, p, p.session.Identity)
}

func (p *program) get(ctx context.Context, args []string) error {
	err := show(ctx, p, func(ctx context.Context) (json.RawMessage, error) {
		return p.session.Get(ctx, args[0])
	})
	if errors.Is(err, secureflows.ErrKeyNotFound) {
		return &told{"nothing is stored under the key " + spell(args[0]), err}
	}
	return err
}

func (p *program) set(ctx context.Context, args []string) error {
	key, value := args[0], json.RawMessage(args[1])
	if !json.Valid(value) {
		return mistake(`%.20q is not JSON; a text is written with quotes: set %s "dark" (in a shell, '"dark"')`, args[1], spell(key))
	}
	return show(ctx, p, func(ctx context.Context) (json.RawMessage, error) {
		payload, err := p.session.Set(ctx, key, value)
		return payload[key], err
	})
}

func (p *program) delete(ctx context.Context, args []string) error {
	return show(ctx, p, func(ctx context.Context) (bool, error) {
		return p.session.Delete(ctx, args[0])
	})
}

func (p *program) list(ctx context.Context, args []string) error {
	return show(ctx, p, func(ctx context.Context) (secureflows.Payload, error) {
		payload, err := p.session.Payload(ctx)
		if len(args) == 1 {
			payload = payload.WithPrefix(args[0])
		}
		return payload, err
	})
}

func (p *program) logout(ctx context.Context, _ []string) error { return p.signOut(ctx) }

func (p *program) searchDocs(ctx context.Context, query string, limit int) error {
	return show(ctx, p, func(ctx context.Context) (secureflows.DocsResult, error) {
		return p.client.SearchDocs(ctx, query, limit)
	})
}

// completeKey offers the keys that are stored. It asks anew each time, since
// others write too, and gives up before the person does.
func (p *program) completeKey(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if p.session == nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(command.Context(), 2*time.Second)
	defer cancel()
	payload, err := p.session.Payload(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp // the command itself will say why
	}
	return payload.Keys(), cobra.ShellCompDirectiveNoFileComp
}
